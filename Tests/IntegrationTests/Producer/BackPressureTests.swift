#if os(Linux)
    import AsyncKafka
    import RdKafka
    import Synchronization
    import Testing

    /// Tasks that send at once.
    private let senders = count("ASYNC_KAFKA_SENDERS", or: 100_000)
    private let room = 1000

    extension RealKafkaTests {
        @Suite(.timeLimit(.minutes(4)))
        struct BackPressureTests {
            /// A queue for 1,000 records and 100,000 tasks that send at once, while the broker stands still; then it goes on.
            ///
            /// In processes of their own, so that neither measurement lives off memory that the other one has left behind.
            @Test(.needsNodeFaults)
            func aHundredThousandSendersShareAQueueOfAThousand() async throws {
                let plain = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
                    try await measureTasksThatOnlyWait()
                }
                let bytes = try #require(Int(String(decoding: plain?.standardOutputContent ?? [], as: UTF8.self)))
                try await withTopic(partitions: 1) { topic in
                    let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
                        [topic = topic as String, bytes = bytes as Int] in
                        try await sendFromAllTasks(to: topic, plain: bytes)
                    }
                    print(String(decoding: result?.standardOutputContent ?? [], as: UTF8.self), terminator: "")
                }
            }
        }
    }

    /// Prints what the same tasks take that wait for nothing but a continuation each.
    private func measureTasksThatOnlyWait() async throws {
        let before = try Memory.resident()
        let crowd = Crowd()
        let end = Waiters()
        try await withThrowingTaskGroup(of: (Int, Int64).self) { tasks in
            for _ in 0..<senders {
                tasks.addTask {
                    let number = crowd.begin()
                    await end.wait()
                    return (number, 0)
                }
            }
            await crowd.wait()
            print(try Memory.resident() - before, terminator: "")
            end.end()
            for try await _ in tasks {}
        }
    }

    private func sendFromAllTasks(to topic: String, plain: Int) async throws {
        var configuration = RealKafka.producer
        configuration.queue.maxRecords = room
        configuration.queue.waitLimit = .seconds(100)
        try await withKafkaProducer(configuration) { producer in
            // Connections and metadata are there before the broker stops.
            try await producer.send(KafkaRecord(topic: topic, partition: 0, value: "first"))
            let before = try Memory.resident()
            let crowd = Crowd()
            var waiting = 0
            var peak = 0
            var wakeUps = 0.0
            let start = ContinuousClock.now
            /// By the order in which the senders began.
            var offsets = [Int64](repeating: -1, count: senders)
            try await withThrowingTaskGroup(of: (Int, Int64).self) { tasks in
                try await RealKafka.withPausedBroker {
                    for _ in 0..<senders {
                        tasks.addTask {
                            let number = crowd.begin()
                            let record = KafkaRecord(topic: topic, partition: 0, value: "value")
                            return (number - 1, try await producer.send(record).offset ?? -1)
                        }
                    }
                    await crowd.wait()
                    waiting = try Memory.resident() - before
                    wakeUps = try await wakeUpsASecond()
                }
                for try await (number, offset) in tasks {
                    offsets[number] = offset
                    if offset % 1000 == 0 { peak = max(peak, try Memory.resident() - before) }
                }
            }
            #expect(offsets.sorted() == (1...Int64(senders)).map { $0 }, "each is delivered, once")

            // Credits are first come first served; the 1,000 that hold one may race, and so may tasks that begin.
            let displacements = offsets.enumerated().map { abs(Int($0.element) - 1 - $0.offset) }.sorted()
            let usual = displacements[displacements.count * 99 / 100]
            #expect(usual <= 2 * room)

            let each = (waiting - plain) / senders
            print(
                """
                \(senders) senders, room for \(room): \(ContinuousClock.now - start); 99 % were written within \(usual) places of their \
                turn, all within \(displacements.last ?? 0); resident: as many tasks that only wait \(plain.megabytes), those \
                that wait in send \(waiting.megabytes), so \(each) bytes a sender beyond its task; at most \(peak.megabytes) \
                until all were delivered; while they wait, this library's threads wake up \(Int(wakeUps)) times a second
                """
            )
            #expect(wakeUps < 100, "nobody polls")
            if !Memory.isSanitized {
                #expect(each < 4096)
                #expect(peak < waiting + 64 * 1_048_576, "flat once all have begun")
            }
        }
    }

    /// How often a second this library's threads go to sleep, within the second and more that a program takes which waits for one.
    private func wakeUpsASecond() async throws -> Double {
        let start = ContinuousClock.now
        let before = try ThreadCount.all()
        _ = try await output(of: "/bin/sleep", ["1"])
        let wakeUps = try ThreadCount.all().reduce(0) { sum, thread in
            guard thread.value.name.hasPrefix("kafka-"), let before = before[thread.key] else { return sum }
            return sum + thread.value.voluntary - before.voluntary
        }
        return Double(wakeUps) / ((ContinuousClock.now - start) / .seconds(1))
    }

    /// Tasks that have begun.
    private final class Crowd: Sendable {
        private let begun = Atomic(0)
        private let allHaveBegun = Signal()

        func begin() -> Int {
            let number = begun.add(1, ordering: .relaxed).newValue
            if number == senders { allHaveBegun.set() }
            return number
        }

        func wait() async { await allHaveBegun.wait() }
    }

    /// Many tasks that wait, one continuation each.
    private final class Waiters: Sendable {
        private struct State {
            var hasEnded = false
            var waiting: [CheckedContinuation<Void, Never>] = []
        }

        private let state = Locked(State())

        func wait() async {
            await withCheckedContinuation { continuation in
                let goesOn = state.withLock { state in
                    if !state.hasEnded { state.waiting.append(continuation) }
                    return state.hasEnded
                }
                if goesOn { continuation.resume() }
            }
        }

        func end() {
            let waiting = state.withLock { state in
                state.hasEnded = true
                defer { state.waiting = [] }
                return state.waiting
            }
            for continuation in waiting { continuation.resume() }
        }
    }
#endif
