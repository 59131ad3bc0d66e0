// The C11 thread functions that librdkafka imports, defined over pthreads.
//
// The Thread Sanitizer intercepts pthreads but not the C library's thrd_…, mtx_… and cnd_… functions: a thread made by
// `thrd_create` is unknown to it, and its first malloc crashes. Symbols of the executable come before those of the C library,
// so these take their place in the test executable. Only sanitizer builds link them.

#include "PthreadC11Threads.h"

// macOS has no <threads.h>; there librdkafka brings its own over pthreads, and nothing is to be done.
#if defined(__linux__)

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>
#include <time.h>

_Static_assert(sizeof(thrd_t) == sizeof(pthread_t), "a thread id is one and the same");
_Static_assert(sizeof(mtx_t) >= sizeof(pthread_mutex_t), "mtx_t has room for a pthread mutex");
_Static_assert(sizeof(cnd_t) >= sizeof(pthread_cond_t), "cnd_t has room for a pthread condition");
_Static_assert(sizeof(once_flag) == sizeof(pthread_once_t), "a once flag is one and the same");

static int outcome(int error) {
    switch (error) {
    case 0: return thrd_success;
    case ENOMEM: return thrd_nomem;
    case ETIMEDOUT: return thrd_timedout;
    case EBUSY: return thrd_busy;
    default: return thrd_error;
    }
}

// MARK: Threads

struct entry {
    thrd_start_t function;
    void *argument;
};

// Turns the int of a C11 thread function into the pointer of a pthread one.
static void *enter(void *pointer) {
    struct entry entry = *(struct entry *)pointer;
    free(pointer);
    return (void *)(intptr_t)entry.function(entry.argument);
}

int thrd_create(thrd_t *thread, thrd_start_t function, void *argument) {
    struct entry *entry = malloc(sizeof *entry);
    if (entry == NULL) return thrd_nomem;
    entry->function = function;
    entry->argument = argument;

    int error = pthread_create((pthread_t *)thread, NULL, enter, entry);
    if (error != 0) free(entry);
    return error == EAGAIN ? thrd_nomem : outcome(error);
}

int thrd_join(thrd_t thread, int *result) {
    void *returned = NULL;
    int error = pthread_join((pthread_t)thread, &returned);
    if (error == 0 && result != NULL) *result = (int)(intptr_t)returned;
    return outcome(error);
}

thrd_t thrd_current(void) {
    return (thrd_t)pthread_self();
}

void call_once(once_flag *flag, void (*function)(void)) {
    pthread_once((pthread_once_t *)flag, function);
}

// MARK: Mutexes

int mtx_init(mtx_t *mutex, int kind) {
    pthread_mutexattr_t attributes;
    int error = pthread_mutexattr_init(&attributes);
    if (error != 0) return outcome(error);
    if ((kind & mtx_recursive) != 0) pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    error = pthread_mutex_init((pthread_mutex_t *)mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return outcome(error);
}

void mtx_destroy(mtx_t *mutex) {
    pthread_mutex_destroy((pthread_mutex_t *)mutex);
}

int mtx_lock(mtx_t *mutex) {
    return outcome(pthread_mutex_lock((pthread_mutex_t *)mutex));
}

int mtx_unlock(mtx_t *mutex) {
    return outcome(pthread_mutex_unlock((pthread_mutex_t *)mutex));
}

// MARK: Conditions

int cnd_init(cnd_t *condition) {
    return outcome(pthread_cond_init((pthread_cond_t *)condition, NULL));
}

void cnd_destroy(cnd_t *condition) {
    pthread_cond_destroy((pthread_cond_t *)condition);
}

int cnd_signal(cnd_t *condition) {
    return outcome(pthread_cond_signal((pthread_cond_t *)condition));
}

int cnd_broadcast(cnd_t *condition) {
    return outcome(pthread_cond_broadcast((pthread_cond_t *)condition));
}

int cnd_wait(cnd_t *condition, mtx_t *mutex) {
    return outcome(pthread_cond_wait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex));
}

int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *deadline) {
    return outcome(pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, deadline));
}

#endif
