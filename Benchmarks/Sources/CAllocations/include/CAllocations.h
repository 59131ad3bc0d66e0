// Counts what is allocated on the heap while it is told to. Linux with glibc.
//
// What librdkafka and the C library allocate for themselves is left out, by the address of the caller: the mock cluster lives in
// the same process, and librdkafka's own allocations are the same in C.
#ifndef C_ALLOCATIONS_H
#define C_ALLOCATIONS_H

typedef struct {
    /// On the clients' own threads, whose names begin with "kafka-".
    long client;
    long client_bytes;
    /// On all others.
    long elsewhere;
    long elsewhere_bytes;
} allocations;

/// All counts so far. Never goes back; counting costs a little only while it is on.
allocations allocations_now(void);

/// Counts from now on. Call it before threads are at work.
void allocations_count(void);

#endif
