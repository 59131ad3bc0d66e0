import Synchronization

/// Numbers the clients of this process, for the names of their threads.
enum ClientNumber {
    private static let last = Atomic<Int>(0)

    static func next() -> Int {
        last.add(1, ordering: .relaxed).newValue
    }
}
