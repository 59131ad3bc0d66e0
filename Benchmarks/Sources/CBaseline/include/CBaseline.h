#pragma once

#include <stdint.h>

// The benchmark's work done with librdkafka alone. Each call makes its own client, measures from the first record that is
// known to be through, and destroys the client.

typedef struct baseline_job {
    const char *bootstrap;
    const char *topic;
    const char *group;      // of consumers
    int partitions;         // of the topic; a consumer reads all of them from their beginning
    long records;
    int size;               // bytes of a value
    int tasks;              // records that are awaited at a time
    const char *linger_ms;  // NULL: librdkafka's default
    int headers;            // of each record
    int fresh;              // each record has a value of its own: the buffer is filled anew
    int cached;             // rd_kafka_produce with a topic's handle instead of rd_kafka_producev with its name
    int batch;              // consume this many messages a call; 1: one by one
    int store;              // store the offset of each message
    int handler_ns;         // what the handler of a message takes
} baseline_job;

typedef struct baseline_result {
    double seconds;
    double cpu_seconds;     // of the whole process
    long records;
    double wakeups;         // a second
    double *latencies;      // seconds; the caller's, with room for `records`
    long latency_count;
    char error[512];        // empty: all went well
} baseline_result;

void baseline_produce(const baseline_job *job, baseline_result *result);
// `tasks` records are on their way: each delivery callback produces the next, as a task that awaits its own record would.
void baseline_awaited_sends(const baseline_job *job, baseline_result *result);
// A thread awaits one record after the other while another one produces as fast as it can.
void baseline_send_under_load(const baseline_job *job, baseline_result *result);
void baseline_consume(const baseline_job *job, baseline_result *result);
// rd_kafka_commit_queue for each message; `tasks` commits are on their way. More than one: of messages that were read before.
void baseline_commit(const baseline_job *job, baseline_result *result);
// From before the client is made: to the first delivery report, or to the first message of a group's member.
void baseline_start_producer(const baseline_job *job, baseline_result *result);
void baseline_start_consumer(const baseline_job *job, baseline_result *result);
// A connected producer and a consumer with nothing to do, for `records` milliseconds.
void baseline_idle(const baseline_job *job, baseline_result *result);
// `tasks` threads increment a number behind a pthread mutex, `records` times altogether.
void baseline_lock(const baseline_job *job, baseline_result *result);

const char *baseline_engine_version(void);
double baseline_now(void);
double baseline_cpu(void);
// How often the process went to sleep and was woken.
long baseline_voluntary_switches(void);
// Keeps the processor busy.
void baseline_spin(int nanoseconds);
// What makes a record's value another one.
void baseline_fill(void *buffer, long size, long number);
