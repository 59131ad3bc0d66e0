import RdKafka
import Testing

@testable import AsyncKafka

/// Numbers, the newest of them.
private struct Numbers: ReaderQueue {
    var numbers: [Int] = []

    var isEmpty: Bool { numbers.isEmpty }

    mutating func take() -> Int? { numbers.isEmpty ? nil : numbers.removeFirst() }
}

@Suite(.timeLimit(.minutes(1)))
struct ReaderBufferTests {
    private let buffer = ReaderBuffer(Numbers(), of: "these numbers")

    private func append(_ numbers: Int...) {
        buffer.update { $0.numbers += numbers }
    }

    @Test
    func whatCameBeforeTheEndIsReadBeforeTheEnd() async throws {
        append(1, 2)
        buffer.finish()
        #expect(try await buffer.next() == 1)
        #expect(try await buffer.next() == 2)
        #expect(try await buffer.next() == nil)
    }

    @Test
    func whoeverWaitsIsWokenByAnElementAndByTheEnd() async throws {
        for _ in 0..<200 {
            let buffer = ReaderBuffer(Numbers(), of: "these numbers")
            let reader = Task { (try await buffer.next(), try await buffer.next()) }
            await Task.yield()
            buffer.update { $0.numbers.append(1) }
            await Task.yield()
            buffer.finish()
            let (first, second) = try await reader.value
            #expect(first == 1)
            #expect(second == nil)
        }
    }

    @Test
    func aChangeThatLeavesNothingToReadWakesNobody() async throws {
        let reader = Task { try await buffer.next() }
        await Task.yield()
        buffer.update { _ in }
        append(7)
        #expect(try await reader.value == 7)
    }

    @Test
    func cancellationEndsTheWaitAndLosesNothing() async throws {
        for _ in 0..<200 {
            let buffer = ReaderBuffer(Numbers(), of: "these numbers")
            let reader = Task { try await buffer.next() }
            if Bool.random() { await Task.yield() }
            reader.cancel()
            #expect(try await reader.value == nil)
            buffer.update { $0.numbers.append(1) }
            #expect(try await buffer.next() == 1)
        }
    }

    @Test
    func aTaskThatIsCancelledAlreadyTakesNothing() async throws {
        append(1)
        let reader = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await buffer.next()
        }
        reader.cancel()
        #expect(try await reader.value == nil)
        #expect(try await buffer.next() == 1)
    }

    @Test
    func aLoopThatClaimsItKeepsOthersOutUntilItEnds() async throws {
        append(1, 2, 3)
        let second = ReaderClaim(buffer)
        do {
            let first = ReaderClaim(buffer)
            #expect(try await first.next() == 1)
            await expectError(.alreadyIterating) { try await second.next() }
            #expect(try await first.next() == 2)
        }
        #expect(try await second.next() == 3)
    }

    @Test
    func withoutAClaimTwoThatWaitAtOnceAreInEachOthersWay() async throws {
        let outcomes = await withTaskGroup(of: KafkaError.Code?.self) { tasks in
            for _ in 0..<2 {
                tasks.addTask {
                    do throws(KafkaError) {
                        _ = try await buffer.next()
                        return nil
                    } catch {
                        return error.code
                    }
                }
            }
            // The one that comes second is refused; then the first one is let go.
            let first = await tasks.next()
            buffer.finish()
            return [first ?? nil, await tasks.next() ?? nil]
        }
        #expect(outcomes == [.alreadyIterating, nil])
    }

    @Test
    func aThreadAndAReaderThatRaceLoseNothing() async throws {
        let count = 20_000
        let reader = Task {
            var sum = 0
            while let number = try await buffer.next() { sum += number }
            return sum
        }
        for number in 1...count { append(number) }
        buffer.finish()
        #expect(try await reader.value == count * (count + 1) / 2)
    }
}
