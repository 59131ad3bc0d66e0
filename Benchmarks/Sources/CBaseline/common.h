#pragma once

#include "CBaseline.h"

#include <librdkafka/rdkafka.h>

typedef void (*delivered_callback)(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque);

rd_kafka_t *make_producer(const baseline_job *job, delivered_callback delivered, void *opaque, baseline_result *result);
// Assigned to all partitions from their beginning, or without a position if `job->group` is subscribed later.
rd_kafka_t *make_consumer(const baseline_job *job, int assigns, baseline_result *result);
void fail(baseline_result *result, const char *what, const char *why);

typedef struct measure {
    double start, cpu;
} measure;

measure measure_begin(void);
void measure_end(measure begun, long records, baseline_result *result);
