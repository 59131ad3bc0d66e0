#include "common.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct reading {
    const baseline_job *job;
    rd_kafka_t *client;
    baseline_result *result;
    measure begun;
    long count;
    uint64_t bytes;
};

// Returns whether it was the last message. Time begins with the first one, and what came with it.
static int handle(struct reading *run, rd_kafka_message_t *message) {
    if (message->err) {
        if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            fail(run->result, "consume", rd_kafka_message_errstr(message));
            return 1;
        }
        return 0;
    }
    if (run->count == 0) run->begun = measure_begin();
    run->count++;
    run->bytes += message->len;
    if (run->job->headers) {
        rd_kafka_headers_t *headers;
        const char *name;
        const void *value;
        size_t size;
        if (!rd_kafka_message_headers(message, &headers))
            for (size_t index = 0; !rd_kafka_header_get_all(headers, index, &name, &value, &size); index++)
                run->bytes += size;
    }
    if (run->job->handler_ns) baseline_spin(run->job->handler_ns);
    if (run->job->store) rd_kafka_offset_store(message->rkt, message->partition, message->offset);
    return run->count == run->job->records;
}

void baseline_consume(const baseline_job *job, baseline_result *result) {
    struct reading run = {.job = job, .result = result};
    rd_kafka_message_t **messages = calloc((size_t)job->batch, sizeof *messages);
    rd_kafka_queue_t *queue = NULL;
    int is_over = 0;
    run.client = make_consumer(job, 1, result);
    if (!run.client) return free(messages);
    if (job->batch > 1) queue = rd_kafka_queue_get_consumer(run.client);
    while (!is_over && !result->error[0]) {
        if (queue) {
            ssize_t taken = rd_kafka_consume_batch_queue(queue, 1000, messages, (size_t)job->batch);
            for (ssize_t index = 0; index < taken; index++) {
                if (!is_over) is_over = handle(&run, messages[index]);
                rd_kafka_message_destroy(messages[index]);
            }
        } else {
            rd_kafka_message_t *message = rd_kafka_consumer_poll(run.client, 1000);
            if (!message) continue;
            is_over = handle(&run, message);
            rd_kafka_message_destroy(message);
        }
    }
    measure_end(run.begun, run.count, result);
    if (queue) rd_kafka_queue_destroy(queue);
    rd_kafka_consumer_close(run.client);
    rd_kafka_destroy(run.client);
    free(messages);
}

// MARK: Commits

struct place {
    int32_t partition;
    int64_t offset;
    double sent;
};

static void committed(rd_kafka_t *client, rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t *offsets,
                      void *opaque) {
    (void)client, (void)offsets, (void)opaque, (void)error;
}

static void read_place(rd_kafka_t *client, struct place *place, baseline_result *result) {
    while (!result->error[0]) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(client, 1000);
        if (!message) continue;
        if (message->err) fail(result, "consume", rd_kafka_message_errstr(message));
        *place = (struct place){.partition = message->partition, .offset = message->offset};
        rd_kafka_message_destroy(message);
        return;
    }
}

static void commit(const baseline_job *job, rd_kafka_t *client, struct place *place, rd_kafka_queue_t *queue) {
    rd_kafka_topic_partition_list_t *offsets = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(offsets, job->topic, place->partition)->offset = place->offset + 1;
    place->sent = baseline_now();
    rd_kafka_commit_queue(client, offsets, queue, committed, place);
    rd_kafka_topic_partition_list_destroy(offsets);
}

// Waits for an answer.
static void serve_commit(rd_kafka_queue_t *queue, baseline_result *result) {
    rd_kafka_event_t *event;
    struct place *place;
    while (!(event = rd_kafka_queue_poll(queue, 1000))) {
    }
    place = rd_kafka_event_opaque(event);
    result->latencies[result->latency_count++] = baseline_now() - place->sent;
    if (rd_kafka_event_error(event)) fail(result, "commit", rd_kafka_event_error_string(event));
    rd_kafka_event_destroy(event);
}

void baseline_commit(const baseline_job *job, baseline_result *result) {
    struct place *places = calloc((size_t)job->records, sizeof *places);
    rd_kafka_t *client = make_consumer(job, 1, result);
    rd_kafka_queue_t *queue;
    measure begun = {0};
    long sent = 1, done = 1;
    if (!client) return free(places);
    queue = rd_kafka_queue_new(client);
    // The first one finds the coordinator.
    read_place(client, &places[0], result);
    commit(job, client, &places[0], queue);
    serve_commit(queue, result);
    result->latency_count = 0;
    if (job->tasks > 1)
        for (long index = 1; index < job->records; index++) read_place(client, &places[index], result);
    begun = measure_begin();
    while (done < job->records && !result->error[0]) {
        while (sent < job->records && sent - done < job->tasks) {
            if (job->tasks == 1) read_place(client, &places[sent], result);
            commit(job, client, &places[sent++], queue);
        }
        serve_commit(queue, result);
        done++;
    }
    measure_end(begun, done - 1, result);
    rd_kafka_queue_destroy(queue);
    rd_kafka_consumer_close(client);
    rd_kafka_destroy(client);
    free(places);
}

// MARK: Start and idleness

void baseline_start_consumer(const baseline_job *job, baseline_result *result) {
    measure begun = measure_begin();
    rd_kafka_t *client = make_consumer(job, 0, result);
    int is_here = 0;
    if (!client) return;
    while (!is_here && !result->error[0]) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(client, 1000);
        if (!message) continue;
        is_here = !message->err;
        if (is_here) {
            measure_end(begun, 1, result);
            result->latencies[result->latency_count++] = result->seconds;
        }
        rd_kafka_message_destroy(message);
    }
    rd_kafka_consumer_close(client);
    rd_kafka_destroy(client);
}

struct idle {
    rd_kafka_queue_t *queue;
    int is_over;
};

static void *sleep_in_queue(void *opaque) {
    struct idle *idle = opaque;
    while (!__atomic_load_n(&idle->is_over, __ATOMIC_RELAXED)) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(idle->queue, -1);
        if (event) rd_kafka_event_destroy(event);
    }
    return NULL;
}

static void ignore(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
    (void)client, (void)message, (void)opaque;
}

void baseline_idle(const baseline_job *job, baseline_result *result) {
    rd_kafka_t *producer = make_producer(job, ignore, NULL, result);
    rd_kafka_t *consumer = make_consumer(job, 1, result);
    struct idle idle[2] = {{0}};
    pthread_t threads[2];
    struct timespec time = {.tv_sec = 2};
    measure begun;
    long switches;
    if (!producer || !consumer) return;
    rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(job->topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                      RD_KAFKA_V_VALUE("", 0), RD_KAFKA_V_END);
    rd_kafka_flush(producer, 10000);
    idle[0].queue = rd_kafka_queue_get_main(producer);
    idle[1].queue = rd_kafka_queue_get_consumer(consumer);
    for (int index = 0; index < 2; index++) pthread_create(&threads[index], NULL, sleep_in_queue, &idle[index]);
    nanosleep(&time, NULL);
    begun = measure_begin();
    switches = baseline_voluntary_switches();
    time = (struct timespec){.tv_sec = job->records / 1000, .tv_nsec = job->records % 1000 * 1000000};
    nanosleep(&time, NULL);
    measure_end(begun, job->records, result);
    result->wakeups = (double)(baseline_voluntary_switches() - switches) / result->seconds;
    for (int index = 0; index < 2; index++) {
        __atomic_store_n(&idle[index].is_over, 1, __ATOMIC_RELAXED);
        rd_kafka_queue_yield(idle[index].queue);
        pthread_join(threads[index], NULL);
        rd_kafka_queue_destroy(idle[index].queue);
    }
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    rd_kafka_destroy(producer);
}
