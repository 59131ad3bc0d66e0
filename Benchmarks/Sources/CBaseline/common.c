#include "common.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

const char *baseline_engine_version(void) { return rd_kafka_version_str(); }

double baseline_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

double baseline_cpu(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

long baseline_voluntary_switches(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_nvcsw;
}

void baseline_spin(int nanoseconds) {
    double end = baseline_now() + nanoseconds / 1e9;
    while (baseline_now() < end) {
    }
}

void baseline_fill(void *buffer, long size, long number) { memset(buffer, (int)number, (size_t)size); }

measure measure_begin(void) { return (measure){.start = baseline_now(), .cpu = baseline_cpu()}; }

void measure_end(measure begun, long records, baseline_result *result) {
    result->seconds = baseline_now() - begun.start;
    result->cpu_seconds = baseline_cpu() - begun.cpu;
    result->records = records;
}

void fail(baseline_result *result, const char *what, const char *why) {
    if (!result->error[0]) snprintf(result->error, sizeof result->error, "%s: %s", what, why);
}

static int set(rd_kafka_conf_t *configuration, const char *name, const char *value, baseline_result *result) {
    char error[256];
    if (!value || rd_kafka_conf_set(configuration, name, value, error, sizeof error) == RD_KAFKA_CONF_OK) return 1;
    fail(result, name, error);
    return 0;
}

static rd_kafka_t *make(rd_kafka_type_t type, rd_kafka_conf_t *configuration, baseline_result *result) {
    char error[256];
    rd_kafka_t *client = rd_kafka_new(type, configuration, error, sizeof error);
    if (client) return client;
    fail(result, "rd_kafka_new", error);
    rd_kafka_conf_destroy(configuration);
    return NULL;
}

rd_kafka_t *make_producer(const baseline_job *job, delivered_callback delivered, void *opaque, baseline_result *result) {
    rd_kafka_conf_t *configuration = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(configuration, NULL);
    rd_kafka_conf_set_opaque(configuration, opaque);
    rd_kafka_conf_set_dr_msg_cb(configuration, delivered);
    if (!set(configuration, "bootstrap.servers", job->bootstrap, result) ||
        !set(configuration, "enable.idempotence", "true", result) ||
        !set(configuration, "linger.ms", job->linger_ms, result)) {
        rd_kafka_conf_destroy(configuration);
        return NULL;
    }
    return make(RD_KAFKA_PRODUCER, configuration, result);
}

rd_kafka_t *make_consumer(const baseline_job *job, int assigns, baseline_result *result) {
    rd_kafka_conf_t *configuration = rd_kafka_conf_new();
    rd_kafka_topic_partition_list_t *partitions;
    rd_kafka_t *client;
    rd_kafka_resp_err_t error;
    rd_kafka_conf_set_log_cb(configuration, NULL);
    if (!set(configuration, "bootstrap.servers", job->bootstrap, result) ||
        !set(configuration, "group.id", job->group, result) ||
        !set(configuration, "auto.offset.reset", "earliest", result) ||
        !set(configuration, "enable.auto.offset.store", "false", result) ||
        !set(configuration, "enable.auto.commit", job->store ? "true" : "false", result) ||
        !set(configuration, "auto.commit.interval.ms", "1000", result)) {
        rd_kafka_conf_destroy(configuration);
        return NULL;
    }
    client = make(RD_KAFKA_CONSUMER, configuration, result);
    if (!client) return NULL;
    rd_kafka_poll_set_consumer(client);
    partitions = rd_kafka_topic_partition_list_new(job->partitions);
    if (assigns) {
        for (int partition = 0; partition < job->partitions; partition++)
            rd_kafka_topic_partition_list_add(partitions, job->topic, partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
        error = rd_kafka_assign(client, partitions);
    } else {
        rd_kafka_topic_partition_list_add(partitions, job->topic, RD_KAFKA_PARTITION_UA);
        error = rd_kafka_subscribe(client, partitions);
    }
    rd_kafka_topic_partition_list_destroy(partitions);
    if (error) fail(result, assigns ? "rd_kafka_assign" : "rd_kafka_subscribe", rd_kafka_err2str(error));
    return client;
}
