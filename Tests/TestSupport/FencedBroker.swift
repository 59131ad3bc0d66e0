import RdKafka

/// A cluster of one broker with the topic `orders`, which names no broker while it is fenced, and coordinates no group then. It takes records
/// and forgets them, and a group's only member.
package final class FencedBroker: Sendable {
    package enum Request: Int16, Sendable {
        case produce = 0
        case metadata = 3
        case findCoordinator = 10
        case joinGroup = 11
        case heartbeat = 12
        case leaveGroup = 13
        case syncGroup = 14
        case apiVersions = 18
    }

    private struct State {
        var isFenced = false
        /// What fences it, once.
        var fence: Request?
        /// Since that has changed.
        var counts: [Request: Int] = [:]
        var waiters: [AsyncStream<Void>.Continuation] = []

        mutating func setFenced(_ isFenced: Bool) {
            self.isFenced = isFenced
            fence = nil
            counts = [:]
        }
    }

    private let state = Locked(State())
    private let port = Locked<UInt16>(0)

    /// `127.0.0.1:54321`.
    package var address: String { "127.0.0.1:\(port.withLock { $0 })" }

    private init() {}

    package static func with<Result>(
        isolation: isolated (any Actor)? = #isolation,
        _ body: (FencedBroker) async throws -> Result
    ) async throws -> Result {
        let broker = FencedBroker()
        return try await Gate.with(answering: { broker.answer($0) }) { gate in
            broker.port.withLock { $0 = gate.port }
            return try await body(broker)
        }
    }

    /// What is asked from now on is answered so.
    package func setFenced(_ isFenced: Bool) {
        state.withLock { $0.setFenced(isFenced) }
    }

    /// Once it has answered such a request it is fenced.
    package func fence(behind request: Request) {
        state.withLock { $0.fence = request }
    }

    /// Waits until so many requests have come since it was fenced, or is no longer; for less if the task is cancelled.
    package func waitForRequests(_ request: Request, _ count: Int, isFenced: Bool) async {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.waiters.append(continuation) }
        continuation.yield()
        let isDone = { @Sendable [state] in
            state.withLock { $0.isFenced == isFenced && $0.counts[request] ?? 0 >= count }
        }
        for await _ in stream where isDone() { return }
    }

    // MARK: The protocol

    private func answer(_ bytes: [UInt8]) -> [UInt8]? {
        var request = RequestReader(bytes)
        // https://kafka.apache.org/protocol: key, version, a number that the answer repeats, and the client's name.
        guard let key = Request(rawValue: request.number()) else { return nil }
        let version: Int16 = request.number()
        let correlation: Int32 = request.number()
        _ = request.text()
        let isFenced = state.withLock { state in
            defer { if state.fence == key { state.setFenced(true) } }
            state.counts[key, default: 0] += 1
            for waiter in state.waiters { waiter.yield() }
            return state.isFenced
        }
        let port = isFenced ? nil : port.withLock { $0 }
        var answer = Answer()
        answer.append(number: correlation)
        switch key {
        case .apiVersions: answer.appendVersions(isOldest: version == 0)
        case .metadata: answer.appendMetadata(port: port)
        case .findCoordinator: answer.appendCoordinator(port: port)
        case .produce: answer.appendTaken()
        case .joinGroup where !isFenced: answer.appendJoined(&request)
        case .syncGroup where !isFenced: answer.appendSynced(&request)
        case .heartbeat where !isFenced, .leaveGroup: answer.append(number: Int16(0))
        case .joinGroup: answer.appendNotJoined()
        case .syncGroup: answer.appendNotSynced()
        case .heartbeat: answer.append(number: Answer.notCoordinator)
        }
        return answer.bytes
    }
}

/// Reads what a client has sent; nothing behind its end.
private struct RequestReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    mutating func number<Number: FixedWidthInteger>() -> Number {
        let bytes = rest.prefix(Number.bitWidth / 8)
        rest = rest.dropFirst(bytes.count)
        return bytes.reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        let bytes = rest.prefix(max(count, 0))
        rest = rest.dropFirst(bytes.count)
        return Array(bytes)
    }

    mutating func bytes() -> [UInt8] {
        let count: Int32 = number()
        return bytes(Int(count))
    }

    mutating func text() -> String {
        let count: Int16 = number()
        return String(decoding: bytes(Int(count)), as: UTF8.self)
    }
}

private struct Answer {
    static let notCoordinator: Int16 = 16
    private static let broker: Int32 = 1
    private static let member = "member"

    var bytes: [UInt8] = []

    mutating func append(number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }

    private mutating func append(text: String) {
        append(number: Int16(text.utf8.count))
        bytes += text.utf8
    }

    private mutating func append(bytes more: [UInt8]) {
        append(number: Int32(more.count))
        bytes += more
    }

    /// Versions without tagged fields alone.
    mutating func appendVersions(isOldest: Bool) {
        let highest: [(key: Int16, version: Int16)] = [
            (0, 3), (1, 4), (2, 1), (3, 2), (8, 2), (9, 2), (10, 0), (11, 0), (12, 0), (13, 0), (14, 0), (18, 0),
        ]
        let unsupportedVersion: Int16 = 35
        append(number: isOldest ? 0 : unsupportedVersion)
        append(number: Int32(highest.count))
        for (key, version) in highest {
            append(number: key)
            append(number: Int16(0))
            append(number: version)
        }
    }

    /// - Parameter port: the broker's, nil if none is named.
    mutating func appendMetadata(port: UInt16?) {
        append(number: Int32(port == nil ? 0 : 1))
        if let port {
            append(number: Self.broker)
            append(text: "127.0.0.1")
            append(number: Int32(port))
            append(number: Int16(-1))
        }
        append(text: "cluster")
        append(number: port == nil ? -1 : Self.broker)
        append(number: Int32(1))
        append(number: Int16(0))
        append(text: "orders")
        append(number: UInt8(0))
        let leaderNotAvailable: Int16 = 5
        append(number: Int32(1))
        append(number: port == nil ? leaderNotAvailable : 0)
        append(number: Int32(0))
        append(number: port == nil ? -1 : Self.broker)
        for _ in ["replicas", "in sync"] {
            append(number: Int32(1))
            append(number: Self.broker)
        }
    }

    mutating func appendCoordinator(port: UInt16?) {
        let coordinatorNotAvailable: Int16 = 15
        append(number: port == nil ? coordinatorNotAvailable : 0)
        append(number: port == nil ? -1 : Self.broker)
        append(text: port == nil ? "" : "127.0.0.1")
        append(number: port.map { Int32($0) } ?? -1)
    }

    mutating func appendTaken() {
        append(number: Int32(1))
        append(text: "orders")
        append(number: Int32(1))
        append(number: Int32(0))
        append(number: Int16(0))
        append(number: Int64(0))
        append(number: Int64(-1))
        append(number: Int32(0))
    }

    /// The member leads the group, with the first protocol that it has.
    mutating func appendJoined(_ request: inout RequestReader) {
        _ = request.text()
        let _: Int32 = request.number()
        _ = request.text()
        _ = request.text()
        let _: Int32 = request.number()
        append(number: Int16(0))
        append(number: Int32(1))
        append(text: request.text())
        append(text: Self.member)
        append(text: Self.member)
        append(number: Int32(1))
        append(text: Self.member)
        append(bytes: request.bytes())
    }

    mutating func appendNotJoined() {
        append(number: Self.notCoordinator)
        append(number: Int32(-1))
        for _ in ["protocol", "leader", "member"] { append(text: "") }
        append(number: Int32(0))
    }

    /// The member gets what it has given itself.
    mutating func appendSynced(_ request: inout RequestReader) {
        _ = request.text()
        let _: Int32 = request.number()
        _ = request.text()
        let count: Int32 = request.number()
        append(number: Int16(0))
        if count > 0 { _ = request.text() }
        append(bytes: count > 0 ? request.bytes() : [])
    }

    mutating func appendNotSynced() {
        append(number: Self.notCoordinator)
        append(bytes: [])
    }
}
