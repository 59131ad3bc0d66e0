import Synchronization

final class Counter: Sendable {
    private let value = Atomic<Int>(0)

    var count: Int { value.load(ordering: .acquiring) }

    /// Returns the new value.
    func add(_ number: Int) -> Int {
        value.add(number, ordering: .acquiringAndReleasing).newValue
    }
}
