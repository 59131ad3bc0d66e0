#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#ifdef __linux__
#include <pthread.h>

// Glibc declares it only for programs that define _GNU_SOURCE, which Swift's importer does not.
extern int pthread_setname_np(pthread_t thread, const char *name);
#endif
