#if canImport(Darwin)
    import Darwin
#else
    import CRdKafka
    import Glibc
#endif

/// A detached POSIX thread with a name, for work that must not run on the cooperative pool.
package enum NativeThread {
    /// Starts a detached thread.
    ///
    /// - Parameter name: shown by debuggers and `/proc`; Linux keeps its first 15 bytes.
    /// - Returns: 0, or the `errno` value that says why there is no thread; `body` is then never called.
    package static func start(name: String, _ body: @escaping @Sendable () -> Void) -> Int32 {
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        defer { pthread_attr_destroy(&attributes) }
        #if canImport(Darwin)
            var thread: pthread_t?
            let error = pthread_create(&thread, &attributes, { NativeThread.main($0) }, start.toOpaque())
        #else
            var thread = pthread_t()
            let error = pthread_create(&thread, &attributes, { NativeThread.main($0) }, start.toOpaque())
        #endif
        if error != 0 { start.release() }
        return error
    }

    /// A number that tells the calling thread from every other thread that runs now.
    package static var currentID: UInt {
        #if canImport(Darwin)
            UInt(bitPattern: pthread_self())
        #else
            UInt(pthread_self())
        #endif
    }

    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    private static func main(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let argument else { return nil }
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        #if canImport(Darwin)
            pthread_setname_np(start.name)
        #else
            let shortened = String(decoding: start.name.utf8.prefix(15), as: UTF8.self)
            pthread_setname_np(pthread_self(), shortened)
        #endif
        // Signals belong to the application's threads.
        var signals = sigset_t()
        sigfillset(&signals)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        start.body()
        return nil
    }
}

/// The identity of the running task, to tell whether a call comes from the task that holds a message. Zero outside a task.
package func currentTaskIdentity() -> Int {
    currentTask().identity
}

/// The same, and whether the task is cancelled.
package func currentTask() -> (identity: Int, isCancelled: Bool) {
    // The reference itself: taking it out of the optional copies it, and hashing it costs more still. Asking the task itself whether it is
    // cancelled would be such a copy.
    (withUnsafeCurrentTask { unsafeBitCast($0, to: Int.self) }, Task.isCancelled)
}
