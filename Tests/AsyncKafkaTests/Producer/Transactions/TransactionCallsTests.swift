import Dispatch
import RdKafka
import Testing

@testable import AsyncKafka

@Suite struct TransactionCallsTests {
    /// Answers calls as it was told, and keeps their names.
    final class Script: TransactionEngine {
        struct State {
            var answers: [String: [EngineError?]] = [:]
            var calls: [String] = []
        }

        let state = Locked(State())

        init(_ answers: [String: [EngineError?]] = [:]) {
            state.withLock { $0.answers = answers }
        }

        var calls: [String] { state.withLock { $0.calls } }

        private func answer(_ name: String) -> EngineError? {
            state.withLock { state in
                state.calls.append(name)
                guard let answers = state.answers[name], !answers.isEmpty else { return nil }
                defer { state.answers[name] = Array(answers.dropFirst()) }
                return answers[0]
            }
        }

        func initTransactions(timeout: Int32) -> EngineError? { answer("init") }
        func beginTransaction() -> EngineError? { answer("begin") }
        func sendOffsets(_ offsets: [PartitionOffset], of group: Int, timeout: Int32) -> EngineError? {
            answer("offsets")
        }
        func commitTransaction(timeout: Int32) -> EngineError? { answer("commit") }
        func abortTransaction(timeout: Int32) -> EngineError? { answer("abort") }
    }

    func calls(_ script: Script) -> TransactionCalls<Script> {
        TransactionCalls(engine: script, transactionalID: "orders-1", stop: DispatchSemaphore(value: 0))
    }

    var soon: ContinuousClock.Instant { .now + .seconds(60) }
    var past: ContinuousClock.Instant { .now - .seconds(1) }

    static let passing = error(-185) { $0.isRetriable = true }
    static let abortable = error(22) { $0.requiresAbort = true }
    static let fenced = error(-144) { $0.isFatal = true }
    static let state = error(-172)

    static func error(_ code: Int32, _ change: (inout EngineError) -> Void = { _ in }) -> EngineError {
        var error = EngineError(code: code)
        change(&error)
        return error
    }

    @Test func preparingInitialisesThenBegins() {
        let script = Script()
        #expect(calls(script).prepare(.initialise, deadline: soon).debt == .begun)
        #expect(script.calls == ["init", "begin"])
    }

    @Test func whatIsRetriableIsCalledAgain() {
        let script = Script(["init": [Self.passing, Self.passing]])
        #expect(calls(script).prepare(.initialise, deadline: soon).debt == .begun)
        #expect(script.calls == ["init", "init", "init", "begin"])
    }

    @Test func theDeadlineEndsTheAttempts() {
        let script = Script(["init": [Self.passing]])
        let end = calls(script).prepare(.initialise, deadline: past)
        #expect(end.debt == .initialise)
        #expect(end.error?.code == .timedOut)
        #expect(script.calls == ["init"])
    }

    @Test func aStopEndsTheAttempts() {
        let script = Script(["init": [Self.passing, Self.passing]])
        let calls = calls(script)
        calls.stop.signal()
        #expect(calls.prepare(.initialise, deadline: soon).debt == .initialise)
        #expect(script.calls == ["init"])
        // And all that follow.
        #expect(calls.prepare(.initialise, deadline: soon).debt == .initialise)
    }

    @Test func anUnansweredCommitIsFinishedBeforeTheNextTransaction() {
        let script = Script(["commit": [Self.passing]])
        let end = calls(script).commit(deadline: past)
        #expect(end.debt == .commit)
        #expect(end.error?.code == .transactionOutcomeUnknown)
        #expect(end.fatal == nil)
        #expect(calls(script).prepare(end.debt, deadline: soon).debt == .begun)
        #expect(script.calls == ["commit", "commit", "begin"])
    }

    @Test func aCommitThatNeedsAnAbortIsAborted() {
        let script = Script(["commit": [Self.abortable]])
        let end = calls(script).commit(deadline: soon)
        #expect(end.debt == .none)
        #expect(end.error?.code == .transactionAborted)
        #expect(end.error?.isRetriable == true)
        #expect((end.error?.underlyingError as? KafkaError)?.code == .illegalGeneration)
        #expect(script.calls == ["commit", "abort"])
    }

    @Test func anAbortThatIsNotAnsweredIsFinishedLater() {
        let script = Script(["commit": [Self.abortable], "abort": Array(repeating: Self.passing, count: 20)])
        let end = calls(script).commit(deadline: past)
        #expect(end.debt == .abort)
        #expect(end.error?.code == .transactionAborted)
        #expect(calls(Script()).prepare(end.debt, deadline: soon).debt == .begun)
    }

    @Test(arguments: [TransactionDebt.commit, .abort])
    func whatAnEarlierTransactionHasLeftIsNotTheNextOnesOutcome(debt: TransactionDebt) {
        let script = Script(["commit": [Self.passing], "abort": [Self.passing]])
        let end = calls(script).prepare(debt, deadline: past)
        #expect(end.debt == debt)
        #expect(end.error?.code == .timedOut)
        #expect(end.error?.isRetriable == true)
        #expect(end.error?.message.contains("earlier transaction") == true)
    }

    @Test func anAbortAfterAnUnansweredCommitLeavesNothing() {
        let script = Script(["commit": [Self.abortable]])
        let end = calls(script).settle(.commit, deadline: soon)
        #expect(end.debt == .none)
        #expect(end.error == nil)
    }

    @Test func fencingSaysWhatToDo() throws {
        for name in ["init", "commit", "abort", "offsets"] {
            let script = Script([name: [Self.fenced]])
            let calls = calls(script)
            let end =
                switch name {
                case "init": calls.prepare(.initialise, deadline: soon)
                case "commit": calls.commit(deadline: soon)
                case "abort": calls.abort(deadline: soon)
                default: TransactionEnd(debt: .none, error: calls.sendOffsets([], of: 0, deadline: soon))
                }
            let fatal = try #require(end.fatal)
            #expect(fatal.code == .fenced)
            #expect(fatal.message.contains("orders-1"))
            #expect(fatal.message.contains("close this producer"))
        }
    }

    @Test func aStateThatNothingLeadsOutOfEndsTheProducer() {
        let script = Script(["commit": [Self.state]])
        let end = calls(script).commit(deadline: soon)
        #expect(end.error?.code == .transactionOutcomeUnknown)
        #expect(end.error?.isFatal == true)
        #expect(script.calls == ["commit"])
    }
}
