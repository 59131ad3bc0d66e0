#pragma once

// Sends `records` records of 100 bytes with librdkafka alone. `tasks` of them are on their way at most: each delivery callback
// produces the next, as a task that awaits its own record would. Idempotent, acks=all.
//
// Returns the seconds it took, or -1 with a reason in `error`.
double baseline_awaited_sends(const char *bootstrap, const char *topic, int tasks, int records, const char *linger_ms,
                              char *error, int error_size);
