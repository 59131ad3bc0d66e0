/// One line of a member's log: what it did, and when. Times are nanoseconds of CLOCK_MONOTONIC, which the processes of a machine
/// share.
package enum ChurnEntry: Hashable, Sendable, CustomStringConvertible {
    package struct Place: Hashable, Comparable, Sendable, CustomStringConvertible {
        package let partition: Int
        package let offset: Int64

        package init(_ partition: Int, _ offset: Int64) {
            self.partition = partition
            self.offset = offset
        }

        package static func < (left: Place, right: Place) -> Bool {
            (left.partition, left.offset) < (right.partition, right.offset)
        }

        package var description: String { "\(partition)@\(offset)" }
    }

    /// Why partitions were lost, as far as the member knows.
    package enum Cause: String, Sendable {
        /// A commit was refused because the group had moved on, and none was acknowledged since.
        case commit
        /// The same, but the coordinator's end had cut that commit off, and a join has overtaken it.
        case cutOffCommit
        case other
    }

    /// The loop has been given a message.
    case start(Place, at: UInt64)
    /// The work on it is done; its commit follows.
    case end(Place, at: UInt64)
    /// The broker has acknowledged the commit that was asked for at `from`; whether commits were held then.
    case committed(Place, from: UInt64, at: UInt64, wasHeld: Bool)
    case refused(Place, code: String, from: UInt64, at: UInt64)
    case assigned([Int], at: UInt64)
    case revoked([Int], at: UInt64)
    case lost([Int], at: UInt64, Cause)
    /// The coordinator has refused the member's epoch (KIP-848), for which librdkafka gives up the assignment and joins again.
    /// A line of librdkafka's log, which comes by another way than events: it may be written behind the loss.
    case fenced(at: UInt64)
    /// The close report: partitions with uncommitted messages, and whether the group knows; if not, whether there was no
    /// coordinator to tell it.
    case closed(uncommitted: Int, hasLeft: Bool, isAlone: Bool = false)

    package var description: String {
        switch self {
        case .start(let place, let at): "start \(place.partition) \(place.offset) \(at)"
        case .end(let place, let at): "end \(place.partition) \(place.offset) \(at)"
        case .committed(let place, let from, let at, let wasHeld):
            "committed \(place.partition) \(place.offset) \(from) \(at) \(wasHeld ? 1 : 0)"
        case .refused(let place, let code, let from, let at):
            "refused \(place.partition) \(place.offset) \(from) \(at) \(code)"
        case .assigned(let partitions, let at): "assigned \(at) \(Self.list(partitions))"
        case .revoked(let partitions, let at): "revoked \(at) \(Self.list(partitions))"
        case .lost(let partitions, let at, let cause): "lost \(at) \(cause.rawValue) \(Self.list(partitions))"
        case .fenced(let at): "fenced \(at)"
        case .closed(let uncommitted, let hasLeft, let isAlone):
            "closed \(uncommitted) \(hasLeft ? 1 : 0) \(isAlone ? 1 : 0)"
        }
    }

    private static func list(_ partitions: [Int]) -> String {
        partitions.map(String.init).joined(separator: ",")
    }

    /// Nil for what is no whole line: a member may be killed while it writes.
    package init?(_ line: some Collection<UInt8>) {
        let words = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
        func number(_ index: Int) -> UInt64? { index < words.count ? UInt64(words[index]) : nil }
        func place() -> Place? {
            guard let partition = number(1), let offset = number(2) else { return nil }
            return Place(Int(partition), Int64(offset))
        }
        func partitions(_ index: Int = 2) -> [Int] {
            words.count <= index ? [] : words[index].split(separator: ",").compactMap { Int($0) }
        }
        switch words.first {
        case "start":
            guard let place = place(), let at = number(3) else { return nil }
            self = .start(place, at: at)
        case "end":
            guard let place = place(), let at = number(3) else { return nil }
            self = .end(place, at: at)
        case "committed":
            guard let place = place(), let from = number(3), let at = number(4), let held = number(5) else {
                return nil
            }
            self = .committed(place, from: from, at: at, wasHeld: held == 1)
        case "refused":
            guard let place = place(), let from = number(3), let at = number(4), words.count == 6 else { return nil }
            self = .refused(place, code: words[5], from: from, at: at)
        case "assigned":
            guard let at = number(1) else { return nil }
            self = .assigned(partitions(), at: at)
        case "revoked":
            guard let at = number(1) else { return nil }
            self = .revoked(partitions(), at: at)
        case "lost":
            guard let at = number(1), words.count > 2, let cause = Cause(rawValue: words[2]) else { return nil }
            self = .lost(partitions(3), at: at, cause)
        case "fenced":
            guard let at = number(1) else { return nil }
            self = .fenced(at: at)
        case "closed":
            guard let uncommitted = number(1), let hasLeft = number(2), let isAlone = number(3) else { return nil }
            self = .closed(uncommitted: Int(uncommitted), hasLeft: hasLeft == 1, isAlone: isAlone == 1)
        default:
            return nil
        }
    }
}
