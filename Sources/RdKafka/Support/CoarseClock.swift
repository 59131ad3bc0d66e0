#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A clock that costs a few nanoseconds to read and is good to a few milliseconds: for what is noted with each message.
package enum CoarseClock {
    /// Nanoseconds since some time before the process; they do not go back.
    package static var now: Int64 {
        #if canImport(Darwin)
            return Int64(clock_gettime_nsec_np(CLOCK_MONOTONIC_RAW_APPROX))
        #else
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
            return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
        #endif
    }
}
