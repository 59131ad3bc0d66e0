import Dispatch
import RdKafka
import Testing

@testable import AsyncKafka

@Suite struct LogSinkTests {
    private func collector() -> (entries: Locked<[KafkaLog.Entry]>, log: KafkaLog) {
        let entries = Locked<[KafkaLog.Entry]>([])
        return (entries, .handler(level: .info) { entry in entries.withLock { $0.append(entry) } })
    }

    @Test func entriesReachTheHandlerInOrder() async throws {
        let (entries, log) = collector()
        let sink = LogSink(log, clientName: "client-1")
        sink.log(.warning, "FAIL", "first")
        sink.log(.info, "CONNECT", "second\nline\u{1b}[0m")
        await sink.drain()
        let all = entries.withLock { $0 }
        #expect(all.map(\.message) == ["first", "second\\nline\\u{1b}[0m"])
        let first = try #require(all.first)
        #expect(first.level == .warning)
        #expect(first.facility == "FAIL")
        #expect(first.clientName == "client-1")
        #expect(first.droppedCount == 0)
        #expect("\(first)" == "async-kafka warning FAIL client-1: first")
    }

    @Test func whatIsNotLoggedIsNotMade() async {
        let (entries, log) = collector()
        let sink = LogSink(log, clientName: "c", limits: LogLimiter.Limits(burst: 1, linesPerSecond: 0))
        let made = Locked(0)
        func message() -> String {
            made.withLock { $0 += 1 }
            return "text"
        }
        sink.log(.debug, "F", message())
        LogSink(.none, clientName: "c").log(.emergency, "F", message())
        #expect(made.withLock { $0 } == 0)
        sink.log(.info, "F", message())
        sink.log(.info, "F", message())
        await sink.drain()
        #expect(made.withLock { $0 } == 1)
        #expect(entries.withLock { $0.count } == 1)
    }

    @Test func linesBeyondTheRateAreCountedAtTheEnd() async {
        let (entries, log) = collector()
        let sink = LogSink(log, clientName: "c", limits: LogLimiter.Limits(burst: 2, linesPerSecond: 0))
        for number in 0..<10 { sink.log(.error, "F", "\(number)") }
        sink.finish()
        await sink.drain()
        let all = entries.withLock { $0 }
        #expect(all.map(\.message) == ["0", "1", "8 lines were dropped"])
        #expect(all.map(\.droppedCount) == [0, 0, 8])
    }

    @Test(.timeLimit(.minutes(1)))
    func aBlockedHandlerHoldsNobodyUp() async {
        let entries = Locked<[String]>([])
        let gate = DispatchSemaphore(value: 0)
        let log = KafkaLog.handler { entry in
            if entry.message == "0" { gate.wait() }
            entries.withLock { $0.append(entry.message) }
        }
        let sink = LogSink(log, clientName: "c", limits: LogLimiter.Limits(burst: 10_000, waiting: 1000))
        for number in 0..<1500 { sink.log(.info, "F", "\(number)") }
        gate.signal()
        await sink.drain()
        let all = entries.withLock { $0 }
        #expect(all.count == 1001)
        #expect(all.prefix(1000).elementsEqual((0..<1000).map { "\($0)" }))
        #expect(all.last == "500 lines were dropped")
    }

    @Test func anyTaskMayLog() async {
        let (entries, log) = collector()
        let sink = LogSink(log, clientName: "c", limits: LogLimiter.Limits(burst: 10_000, waiting: 10_000))
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for number in 0..<100 { sink.log(.info, "F", "\(task) \(number)") }
                }
            }
        }
        await sink.drain()
        #expect(entries.withLock { Set($0.map(\.message)).count } == 800)
    }

    @Test func levelsAreOrderedBySeverity() {
        let levels: [KafkaLog.Level] = [.debug, .info, .notice, .warning, .error, .critical, .alert, .emergency]
        #expect(levels.sorted() == levels)
        #expect(levels.map(\.syslog) == [7, 6, 5, 4, 3, 2, 1, 0])
        #expect((0...7).map { KafkaLog.Level(syslog: $0) } == levels.reversed())
        #expect(KafkaLog.Level(syslog: 99) == .debug)
        #expect(KafkaLog.standardError(.error).accepts(.critical))
        #expect(!KafkaLog.standardError(.error).accepts(.warning))
        #expect(!KafkaLog.none.accepts(.emergency))
    }
}

struct EngineLineTests {
    @Test
    func aCoordinatorThatLoadsIsNoWarning() {
        let text = "Failed to acquire idempotence PID from broker x: Broker: Coordinator load in progress: retrying"
        #expect(LogSink.level(of: 4, "GETPID", text) == .info)
        #expect(LogSink.level(of: 4, "GETPID", "Failed: Broker: Cluster authorization failed: retrying") == .warning)
        #expect(LogSink.level(of: 7, "GETPID", text) == .debug)
        #expect(LogSink.level(of: 3, "FAIL", "Connect to ipv4#127.0.0.1:1 failed") == .error)
    }
}
