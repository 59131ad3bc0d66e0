/// A task that waits, to be resumed exactly once.
///
/// Checked in debug builds; in release builds without the check's allocation and atomics.
/// Public for the same reason as `Locked`.
@safe
public struct Suspension<Value: Sendable>: Sendable {
    #if DEBUG
        @usableFromInline
        let continuation: CheckedContinuation<Value, Never>
    #else
        @usableFromInline
        let continuation: UnsafeContinuation<Value, Never>
    #endif
    #if THREAD_SANITIZER
        @usableFromInline
        let edge: Edge
    #endif

    #if DEBUG
        @inlinable
        init(_ continuation: CheckedContinuation<Value, Never>, _ edge: Edge) {
            self.continuation = continuation
            #if THREAD_SANITIZER
                self.edge = edge
            #endif
        }
    #else
        @inlinable
        init(_ continuation: UnsafeContinuation<Value, Never>, _ edge: Edge) {
            self.continuation = continuation
            #if THREAD_SANITIZER
                self.edge = edge
            #endif
        }
    #endif

    /// Never under a lock that a cancellation handler takes.
    @inlinable
    package func resume(returning value: sending Value) {
        #if THREAD_SANITIZER
            edge.pass()
        #endif
        continuation.resume(returning: value)
    }
}

extension Suspension<Void> {
    @inlinable
    package func resume() {
        resume(returning: ())
    }
}

#if THREAD_SANITIZER
    /// What comes before a resumption happens before what comes after the suspension. The runtime sees to that, but where a task is
    /// resumed before it has stopped it does not tell the Thread Sanitizer, which then reports a race
    /// (swiftlang/swift#57803). A lock it understands.
    @usableFromInline
    final class Edge: Sendable {
        private let passes = Locked(0)

        @usableFromInline
        init() {}

        @usableFromInline
        func pass() {
            passes.withLock { $0 += 1 }
        }
    }
#else
    @usableFromInline
    typealias Edge = Void
#endif

/// Suspends the task until `body`'s suspension is resumed.
///
/// `body` need not run at once: what was true before the call is checked again inside.
@inlinable
package func suspend<Value: Sendable>(
    isolation: isolated (any Actor)? = #isolation,
    _ body: (Suspension<Value>) -> Void
) async -> Value {
    #if THREAD_SANITIZER
        let edge = Edge()
        defer { edge.pass() }
    #else
        let edge: Edge = ()
    #endif
    #if DEBUG
        return await withCheckedContinuation { body(Suspension($0, edge)) }
    #else
        return await withUnsafeContinuation { body(Suspension($0, edge)) }
    #endif
}
