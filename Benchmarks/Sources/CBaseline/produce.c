#include "common.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct counts {
    long done;
    long failed;
};

static void count(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
    struct counts *counts = opaque;
    (void)client;
    counts->done++;
    if (message->err) counts->failed++;
}

static rd_kafka_resp_err_t produce(rd_kafka_t *client, rd_kafka_topic_t *topic, const baseline_job *job, void *value,
                                   size_t size, void *opaque) {
    rd_kafka_headers_t *headers;
    rd_kafka_resp_err_t error;
    if (job->cached)
        return rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, value, size, NULL, 0, opaque)
                   ? rd_kafka_last_error()
                   : RD_KAFKA_RESP_ERR_NO_ERROR;
    if (!job->headers)
        return rd_kafka_producev(client, RD_KAFKA_V_TOPIC(job->topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                 RD_KAFKA_V_VALUE(value, size), RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
    headers = rd_kafka_headers_new((size_t)job->headers);
    for (int index = 0; index < job->headers; index++) rd_kafka_header_add(headers, "header", 6, "sixteen bytes ..", 16);
    error = rd_kafka_producev(client, RD_KAFKA_V_TOPIC(job->topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                              RD_KAFKA_V_VALUE(value, size), RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_HEADERS(headers),
                              RD_KAFKA_V_END);
    if (error) rd_kafka_headers_destroy(headers);
    return error;
}

// One record ahead: connections and the producer id are not what is measured.
static void warm_up(rd_kafka_t *client, rd_kafka_topic_t *topic, struct counts *counts) {
    rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, "", 0, NULL, 0, NULL);
    while (counts->done < 1) rd_kafka_poll(client, 1000);
    counts->done = 0;
}

void baseline_produce(const baseline_job *job, baseline_result *result) {
    struct counts counts = {0};
    rd_kafka_t *client = make_producer(job, count, &counts, result);
    rd_kafka_topic_t *topic;
    char *buffer = calloc(1, (size_t)job->size);
    measure begun;
    if (!client) return free(buffer);
    topic = rd_kafka_topic_new(client, job->topic, NULL);
    warm_up(client, topic, &counts);

    begun = measure_begin();
    for (long record = 0; record < job->records; record++) {
        rd_kafka_resp_err_t error;
        if (job->fresh) baseline_fill(buffer, job->size, record);
        while ((error = produce(client, topic, job, buffer, (size_t)job->size, NULL)) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
            rd_kafka_poll(client, 10);
        if (error) counts.failed++, counts.done++;
        rd_kafka_poll(client, 0);
    }
    while (counts.done < job->records) rd_kafka_poll(client, 1000);
    measure_end(begun, counts.done, result);
    if (counts.failed) fail(result, "records", "failed");
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(client);
    free(buffer);
}

// MARK: Awaited sends

struct task {
    struct awaited *run;
    double sent;
};

struct awaited {
    struct counts counts;
    const baseline_job *job;
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
    baseline_result *result;
    long left;
    char *value;
};

static void send_next(struct task *task) {
    struct awaited *run = task->run;
    if (run->left == 0) return;
    run->left--;
    task->sent = baseline_now();
    if (produce(run->client, run->topic, run->job, run->value, (size_t)run->job->size, task)) run->counts.failed++;
}

static void awaited_is_delivered(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
    struct awaited *run = opaque;
    struct task *task = message->_private;
    count(client, message, &run->counts);
    if (!task) return;
    if (run->result->latencies) run->result->latencies[run->result->latency_count++] = baseline_now() - task->sent;
    send_next(task);
}

void baseline_awaited_sends(const baseline_job *job, baseline_result *result) {
    struct awaited run = {.job = job, .result = result};
    struct task *tasks = calloc((size_t)job->tasks, sizeof *tasks);
    measure begun;
    run.value = calloc(1, (size_t)job->size);
    run.client = make_producer(job, awaited_is_delivered, &run, result);
    if (run.client) {
        run.topic = rd_kafka_topic_new(run.client, job->topic, NULL);
        warm_up(run.client, run.topic, &run.counts);
        run.left = job->records;
        begun = measure_begin();
        for (int index = 0; index < job->tasks; index++) {
            tasks[index].run = &run;
            send_next(&tasks[index]);
        }
        while (run.counts.done < job->records && !run.counts.failed) rd_kafka_poll(run.client, 1000);
        measure_end(begun, run.counts.done, result);
        if (run.counts.failed) fail(result, "records", "failed");
        rd_kafka_topic_destroy(run.topic);
        rd_kafka_destroy(run.client);
    }
    free(tasks);
    free(run.value);
}

// MARK: One that waits beside a flood

struct loaded {
    const baseline_job *job;
    rd_kafka_t *client;
    rd_kafka_topic_t *topic;
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    int is_delivered;
    int is_over;
    struct counts counts;
    long flooded;
};

static void loaded_is_delivered(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
    struct loaded *run = opaque;
    count(client, message, &run->counts);
    if (!message->_private) return;
    pthread_mutex_lock(&run->mutex);
    run->is_delivered = 1;
    pthread_cond_signal(&run->condition);
    pthread_mutex_unlock(&run->mutex);
}

static void *flood(void *opaque) {
    struct loaded *run = opaque;
    char *value = calloc(1, (size_t)run->job->size);
    while (!__atomic_load_n(&run->is_over, __ATOMIC_RELAXED)) {
        if (produce(run->client, run->topic, run->job, value, (size_t)run->job->size, NULL))
            rd_kafka_poll(run->client, 10);
        else
            run->flooded++;
    }
    free(value);
    return NULL;
}

static void *serve(void *opaque) {
    struct loaded *run = opaque;
    while (__atomic_load_n(&run->is_over, __ATOMIC_RELAXED) < 2) rd_kafka_poll(run->client, 100);
    return NULL;
}

void baseline_send_under_load(const baseline_job *job, baseline_result *result) {
    struct loaded run = {.job = job, .mutex = PTHREAD_MUTEX_INITIALIZER, .condition = PTHREAD_COND_INITIALIZER};
    char *value = calloc(1, (size_t)job->size);
    pthread_t flooder, server;
    measure begun;
    run.client = make_producer(job, loaded_is_delivered, &run, result);
    if (!run.client) return free(value);
    run.topic = rd_kafka_topic_new(run.client, job->topic, NULL);
    warm_up(run.client, run.topic, &run.counts);
    begun = measure_begin();
    pthread_create(&server, NULL, serve, &run);
    pthread_create(&flooder, NULL, flood, &run);
    for (long record = 0; record < job->records; record++) {
        double sent = baseline_now();
        run.is_delivered = 0;
        while (produce(run.client, run.topic, job, value, (size_t)job->size, &run)) rd_kafka_poll(run.client, 1);
        pthread_mutex_lock(&run.mutex);
        while (!run.is_delivered) pthread_cond_wait(&run.condition, &run.mutex);
        pthread_mutex_unlock(&run.mutex);
        result->latencies[result->latency_count++] = baseline_now() - sent;
    }
    __atomic_store_n(&run.is_over, 1, __ATOMIC_RELAXED);
    pthread_join(flooder, NULL);
    measure_end(begun, job->records + run.flooded, result);
    __atomic_store_n(&run.is_over, 2, __ATOMIC_RELAXED);
    pthread_join(server, NULL);
    rd_kafka_purge(run.client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_topic_destroy(run.topic);
    rd_kafka_destroy(run.client);
    free(value);
}

// MARK: Start

void baseline_start_producer(const baseline_job *job, baseline_result *result) {
    struct counts counts = {0};
    measure begun = measure_begin();
    rd_kafka_t *client = make_producer(job, count, &counts, result);
    if (!client) return;
    if (produce(client, NULL, job, "", 0, NULL)) counts.failed++;
    while (counts.done < 1 && !counts.failed) rd_kafka_poll(client, 1000);
    measure_end(begun, 1, result);
    result->latencies[result->latency_count++] = result->seconds;
    if (counts.failed) fail(result, "record", "failed");
    rd_kafka_destroy(client);
}
