import Testing

@testable import AsyncKafka

@Suite(.timeLimit(.minutes(1)))
struct EventBufferTests {
    private let partition = KafkaTopicPartition(topic: "orders", partition: 0)

    private func kinds(_ buffer: EventBuffer) async throws -> [String] {
        buffer.finish()
        var kinds: [String] = []
        while let event = try await buffer.next() {
            kinds.append(event.kind == .missed ? "missed \(event.missedCount)" : "\(event.kind)")
        }
        return kinds
    }

    @Test
    func eventsComeInOrderAndEnd() async throws {
        let buffer = EventBuffer()
        buffer.append(.assigned([partition]))
        buffer.append(.revoked([partition]))
        #expect(try await kinds(buffer) == ["assigned", "revoked"])
    }

    @Test
    func errorsAreDroppedLastAndWhatIsMissingIsCounted() async throws {
        let buffer = EventBuffer(limit: 3)
        buffer.append(.error(KafkaError(.transport, "1")))
        for _ in 0..<5 { buffer.append(.assigned([partition])) }
        buffer.append(.error(KafkaError(.transport, "2")))
        #expect(try await kinds(buffer) == ["missed 4", "error", "assigned", "error"])
    }

    @Test
    func aReaderThatWaitsIsWokenByAnEvent() async throws {
        let buffer = EventBuffer()
        let reader = Task { try await buffer.next()?.kind }
        buffer.append(.assigned([partition]))
        #expect(try await reader.value == .assigned)
    }

    @Test
    func aCancelledReaderGetsNilAndLosesNothing() async throws {
        let buffer = EventBuffer()
        let reader = Task { try await buffer.next()?.kind }
        reader.cancel()
        #expect(try await reader.value == nil)
        buffer.append(.assigned([partition]))
        #expect(try await buffer.next()?.kind == .assigned)
    }
}
