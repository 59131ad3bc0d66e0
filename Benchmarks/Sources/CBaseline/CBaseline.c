#include "CBaseline.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct run {
    rd_kafka_topic_t *topic;
    int left;
    int done;
    int failed;
};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void produce(struct run *run) {
    static char value[100];
    if (run->left == 0) return;
    run->left--;
    if (rd_kafka_produce(run->topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, value, sizeof value, NULL, 0, NULL)) run->failed++;
}

static void delivered(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
    struct run *run = opaque;
    (void)client;
    run->done++;
    if (message->err) run->failed++;
    produce(run);
}

static int set(rd_kafka_conf_t *configuration, const char *name, const char *value, char *error, int error_size) {
    return rd_kafka_conf_set(configuration, name, value, error, (size_t)error_size) == RD_KAFKA_CONF_OK;
}

double baseline_awaited_sends(const char *bootstrap, const char *topic, int tasks, int records, const char *linger_ms,
                              char *error, int error_size) {
    struct run run = {.left = records};
    rd_kafka_conf_t *configuration = rd_kafka_conf_new();
    rd_kafka_t *client;
    double start, seconds;
    if (!set(configuration, "bootstrap.servers", bootstrap, error, error_size) ||
        !set(configuration, "enable.idempotence", "true", error, error_size) ||
        !set(configuration, "linger.ms", linger_ms, error, error_size)) {
        rd_kafka_conf_destroy(configuration);
        return -1;
    }
    rd_kafka_conf_set_log_cb(configuration, NULL);
    rd_kafka_conf_set_opaque(configuration, &run);
    rd_kafka_conf_set_dr_msg_cb(configuration, delivered);
    client = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, error, (size_t)error_size);
    if (!client) {
        rd_kafka_conf_destroy(configuration);
        return -1;
    }
    run.topic = rd_kafka_topic_new(client, topic, NULL);
    // One record ahead: connections and the producer id are not what is measured.
    rd_kafka_produce(run.topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, "", 0, NULL, 0, NULL);
    run.left = 0;
    while (run.done < 1) rd_kafka_poll(client, 1000);
    run.done = 0;
    run.left = records;

    start = now();
    for (int task = 0; task < tasks; task++) produce(&run);
    while (run.done + run.failed < records) rd_kafka_poll(client, 1000);
    seconds = now() - start;

    rd_kafka_topic_destroy(run.topic);
    rd_kafka_destroy(client);
    if (run.failed) {
        snprintf(error, (size_t)error_size, "%d records failed", run.failed);
        return -1;
    }
    return seconds;
}
