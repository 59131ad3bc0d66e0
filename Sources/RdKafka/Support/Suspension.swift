/// A task that waits, to be resumed exactly once.
///
/// Checked in debug builds; in release builds without the check's allocation and atomics.
@safe @usableFromInline
package struct Suspension<Value: Sendable>: Sendable {
    #if DEBUG
        @usableFromInline
        let continuation: CheckedContinuation<Value, Never>
    #else
        @usableFromInline
        let continuation: UnsafeContinuation<Value, Never>
    #endif

    #if DEBUG
        @inlinable
        init(_ continuation: CheckedContinuation<Value, Never>) {
            self.continuation = continuation
        }
    #else
        @inlinable
        init(_ continuation: UnsafeContinuation<Value, Never>) {
            self.continuation = continuation
        }
    #endif

    /// Never under a lock that a cancellation handler takes.
    @inlinable
    package func resume(returning value: sending Value) {
        continuation.resume(returning: value)
    }
}

/// Suspends the task until `body`'s suspension is resumed.
///
/// `body` need not run at once: what was true before the call is checked again inside.
@inlinable
package func suspend<Value: Sendable>(
    isolation: isolated (any Actor)? = #isolation,
    _ body: (Suspension<Value>) -> Void
) async -> Value {
    #if DEBUG
        await withCheckedContinuation { body(Suspension($0)) }
    #else
        await withUnsafeContinuation { body(Suspension($0)) }
    #endif
}
