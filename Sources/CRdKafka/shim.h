#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

// Has one broker of a mock cluster answer the next request of a kind with an error. Swift cannot call what takes any number of arguments.
static inline rd_kafka_resp_err_t async_kafka_mock_broker_fail(
    rd_kafka_mock_cluster_t *cluster, int32_t broker, int16_t key, rd_kafka_resp_err_t error) {
    return rd_kafka_mock_broker_push_request_error_rtts(cluster, broker, key, 1, error, 0);
}

#ifdef __linux__
#include <pthread.h>

// Glibc declares it only for programs that define _GNU_SOURCE, which Swift's importer does not.
extern int pthread_setname_np(pthread_t thread, const char *name);
#endif
