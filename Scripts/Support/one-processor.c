// Preloaded into the tests by `Scripts/stress`: the machine seems to have one processor, so that the cooperative pool has one
// thread and whatever blocks it is found out. On Linux the pool's width is what sysconf says; it heeds neither the processors
// that `taskset` leaves to a process nor LIBDISPATCH_COOPERATIVE_POOL_STRICT.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <unistd.h>

long sysconf(int name) {
    if (name == _SC_NPROCESSORS_CONF || name == _SC_NPROCESSORS_ONLN) return 1;
    static long (*original)(int);
    if (original == NULL) original = (long (*)(int))dlsym(RTLD_NEXT, "sysconf");
    return original(name);
}
