#if THREAD_SANITIZER
    /// The sanitizer does not understand the standard library's.
    package typealias InlineLock<State> = Locked<State>
#else
    package import Synchronization

    /// A lock that costs no allocation, for objects of which there are as many as records; hardly ever contended.
    package typealias InlineLock<State> = Mutex<State>
#endif
