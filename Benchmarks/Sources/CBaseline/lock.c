#include "common.h"

#include <pthread.h>
#include <stdlib.h>

struct counter {
    pthread_mutex_t mutex;
    long value;
    long times;
};

static void *increment(void *opaque) {
    struct counter *counter = opaque;
    for (long time = 0; time < counter->times; time++) {
        pthread_mutex_lock(&counter->mutex);
        counter->value++;
        pthread_mutex_unlock(&counter->mutex);
    }
    return NULL;
}

void baseline_lock(const baseline_job *job, baseline_result *result) {
    struct counter counter = {.mutex = PTHREAD_MUTEX_INITIALIZER, .times = job->records / job->tasks};
    pthread_t *threads = calloc((size_t)job->tasks, sizeof *threads);
    measure begun = measure_begin();
    for (int index = 0; index < job->tasks; index++) pthread_create(&threads[index], NULL, increment, &counter);
    for (int index = 0; index < job->tasks; index++) pthread_join(threads[index], NULL);
    measure_end(begun, counter.value, result);
    free(threads);
}
