import AsyncKafka
import RdKafka

/// What the members of a group have done together.
final class GroupProgress: Sendable {
    private struct State {
        /// By partition and offset.
        var isProcessed: [Int: [Bool]]
        var unprocessed: Int
        var duplicates = 0
        var members = 0
        var rebalances = 0
        var lost = 0
        /// How many partitions each member has.
        var owned: [Int: Int] = [:]
        /// Partitions whose end a member has seen committed.
        var committedPartitions: Set<Int> = []
        /// Set while as many members as there should be have partitions; another one takes its place when that ends.
        var isShared = Signal()
    }

    struct Figures {
        let unprocessed: Int
        let duplicates: Int
        let members: Int
        let rebalances: Int
        let lost: Int
    }

    private let state: Locked<State>
    private let ends: [Int: Int64]
    /// Every record is processed; where the members commit by hand, every commit is acknowledged as well.
    let isComplete = Signal()
    private let commitsByHand: Bool
    /// Members at a time.
    private let slots: Int

    init(ends: [Int: Int64], slots: Int, commitsByHand: Bool) {
        self.ends = ends
        self.slots = slots
        self.commitsByHand = commitsByHand
        let isProcessed = ends.mapValues { Array(repeating: false, count: Int($0)) }
        state = Locked(
            State(isProcessed: isProcessed, unprocessed: isProcessed.values.reduce(0) { $0 + $1.count })
        )
    }

    var figures: Figures {
        state.withLock {
            Figures(
                unprocessed: $0.unprocessed,
                duplicates: $0.duplicates,
                members: $0.members,
                rebalances: $0.rebalances,
                lost: $0.lost
            )
        }
    }

    /// A new member's number, from 1.
    func addMember() -> Int {
        state.withLock { state in
            state.members += 1
            return state.members
        }
    }

    func end(of partition: Int) -> Int64 { ends[partition] ?? 0 }

    func note(_ event: KafkaConsumerEvent, member: Int) {
        updateOwners { state in
            switch event.kind {
            case .assigned:
                state.owned[member, default: 0] += event.partitions.count
                state.rebalances += 1
            case .revoked:
                state.owned[member, default: 0] -= event.partitions.count
            case .lost:
                state.owned[member, default: 0] -= event.partitions.count
                state.lost += event.partitions.count
            default:
                break
            }
        }
    }

    /// The member reads no more.
    func removeMember(_ member: Int) {
        updateOwners { $0.owned[member] = nil }
    }

    private func updateOwners(_ change: (inout State) -> Void) {
        let signal = state.withLock { state -> Signal? in
            change(&state)
            if state.owned.values.count(where: { $0 > 0 }) >= slots { return state.isShared }
            // Nobody would set another one any more.
            if state.isShared.hasHappened, !isComplete.hasHappened { state.isShared = Signal() }
            return nil
        }
        signal?.set()
    }

    /// Suspends until all slots have members with partitions, or everything is done.
    func waitUntilShared() async {
        await state.withLock { $0.isShared }.wait()
    }

    private func complete() {
        isComplete.set()
        state.withLock { $0.isShared }.set()
    }

    func processed(_ message: KafkaMessage) {
        let isComplete = state.withLock { state in
            if state.isProcessed[message.partition]?[Int(message.offset)] == false {
                state.isProcessed[message.partition]?[Int(message.offset)] = true
                state.unprocessed -= 1
            } else {
                state.duplicates += 1
            }
            return state.unprocessed == 0 && !commitsByHand
        }
        if isComplete { complete() }
    }

    func committed(_ message: KafkaMessage) {
        guard message.offset + 1 == end(of: message.partition) else { return }
        let isComplete = state.withLock { state in
            state.committedPartitions.insert(message.partition)
            return state.committedPartitions.count == ends.count
        }
        if isComplete { complete() }
    }
}
