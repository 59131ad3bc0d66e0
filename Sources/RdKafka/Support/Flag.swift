import Synchronization

/// One bit that a callback raises and the client's thread lowers.
package final class Flag: Sendable {
    private let raised: Atomic<Bool>

    package init(raised: Bool = false) {
        self.raised = Atomic(raised)
    }

    package func raise() {
        raised.store(true, ordering: .releasing)
    }

    package func lower() {
        raised.store(false, ordering: .releasing)
    }

    package var isRaised: Bool {
        raised.load(ordering: .acquiring)
    }

    /// Lowers the flag; true if it was raised.
    package func take() -> Bool {
        raised.exchange(false, ordering: .acquiringAndReleasing)
    }
}
