#if canImport(Darwin)
    package import Darwin
#else
    package import Glibc
#endif

/// A value behind a plain pthread mutex, with a condition to wait on.
///
/// The standard library's `Mutex` hands over fairly through the kernel when it is contended on Linux; this one lets the running
/// thread go on, which is what short critical sections want. It is also the lock that the Thread Sanitizer understands.
///
/// - Important: Keep critical sections tiny; never resume a continuation, cancel a task or call C that calls back inside one.
///
/// `@unchecked Sendable`: `state` is only touched while `mutex` is held.
package final class Locked<State>: @unchecked Sendable {
    @usableFromInline
    let mutex: UnsafeMutablePointer<pthread_mutex_t>
    @usableFromInline
    let condition: UnsafeMutablePointer<pthread_cond_t>
    @usableFromInline
    var state: State

    package init(_ state: State) {
        self.state = state
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        condition = .allocate(capacity: 1)
        condition.initialize(to: pthread_cond_t())
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    @inlinable
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

    /// Wakes every thread in `wait(until:)`.
    package func signal() {
        pthread_cond_broadcast(condition)
    }
}
