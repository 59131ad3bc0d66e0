#if canImport(Darwin)
    public import Darwin
#else
    public import Glibc
#endif

/// A value behind a plain pthread mutex, with a condition to wait on.
///
/// The standard library's `Mutex` hands over fairly through the kernel when it is contended on Linux; this one lets the running
/// thread go on, which is what short critical sections want. It is also the lock that the Thread Sanitizer understands.
///
/// The type is public, what it does is not: the compiler inlines and specialises `package` methods of another module in a public type
/// alone.
///
/// - Important: Keep critical sections tiny; never resume a continuation, cancel a task or call C that calls back inside one.
///
/// `@unchecked Sendable`: `state` is only touched while `mutex` is held.
public final class Locked<State>: @unchecked Sendable {
    @usableFromInline
    let mutex: UnsafeMutablePointer<pthread_mutex_t>
    @usableFromInline
    let condition: UnsafeMutablePointer<pthread_cond_t>
    // The mutex is what the run-time check of exclusive access would look for.
    @exclusivity(unchecked) @usableFromInline
    var state: State

    package init(_ state: State) {
        self.state = state
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        condition = .allocate(capacity: 1)
        condition.initialize(to: pthread_cond_t())
        pthread_mutex_init(mutex, nil)
        #if canImport(Darwin)
            pthread_cond_init(condition, nil)
        #else
            // Of `wait(milliseconds:until:)`: a change of the time of day shall not matter.
            var attributes = pthread_condattr_t()
            pthread_condattr_init(&attributes)
            pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
            pthread_cond_init(condition, &attributes)
            pthread_condattr_destroy(&attributes)
        #endif
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    @inlinable @inline(__always)
    package func withLock<Result, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&state)
    }

    /// Blocks the calling thread until `body` returns a value; it is asked again after each `signal()`.
    ///
    /// For threads of our own only, never for the cooperative pool.
    @discardableResult
    package func wait<Result>(until body: (inout State) -> Result?) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let result = body(&state) { return result }
            pthread_cond_wait(condition, mutex)
        }
    }

    /// The same for a limited time; nil when it has passed.
    package func wait<Result>(milliseconds: Int, until body: (inout State) -> Result?) -> Result? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        var limit = timespec()
        #if !canImport(Darwin)
            clock_gettime(CLOCK_MONOTONIC, &limit)
        #endif
        let nanoseconds = Int(limit.tv_nsec) + milliseconds % 1000 * 1_000_000
        limit.tv_sec += milliseconds / 1000 + nanoseconds / 1_000_000_000
        limit.tv_nsec = nanoseconds % 1_000_000_000
        while true {
            if let result = body(&state) { return result }
            #if canImport(Darwin)
                // Relative: being woken for nothing makes it longer, which its callers can bear.
                let error = pthread_cond_timedwait_relative_np(condition, mutex, &limit)
            #else
                let error = pthread_cond_timedwait(condition, mutex, &limit)
            #endif
            if error != 0 { return body(&state) }
        }
    }

    /// Wakes every thread in `wait(until:)`.
    package func signal() {
        pthread_cond_broadcast(condition)
    }
}
