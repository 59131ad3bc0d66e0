import Foundation
import RdKafka
import TestSupport

/// A program that runs beside the test, which reads its lines and may kill it.
///
/// Its standard input stays open as long as this object lives, and nothing is written to it: a program that ends when it is
/// closed survives neither the test nor the test's process.
final class ChildProcess: Sendable {
    typealias Exit = SpawnedProcess.End

    private struct State {
        var lines: [String] = []
        /// The end of the output, which no line feed has ended yet.
        var rest: [UInt8] = []
        var outputHasEnded = false
        var exit: Exit?
        var watchers: [(condition: @Sendable ([String]) -> Bool, signal: Signal)] = []
    }

    private let process: SpawnedProcess
    private let state: Locked<State>
    /// All of its output has been read, and it is gone.
    private let hasEnded: Signal

    /// Starts the program. Its standard error is the test's own.
    ///
    /// - Parameter environment: variables beside those of the test.
    init(_ path: String, _ arguments: [String], environment: [String: String] = [:]) throws {
        let state = Locked(State())
        let hasEnded = Signal()
        self.state = state
        self.hasEnded = hasEnded
        process = try SpawnedProcess(
            path,
            arguments,
            environment: ProcessInfo.processInfo.environment.merging(environment) { $1 },
            onOutput: { Self.append($0, state, hasEnded) },
            onEnd: { end in Self.change(state, hasEnded) { $0.exit = end } }
        )
    }

    /// The lines that it has written to standard output so far.
    var lines: [String] { state.withLock { $0.lines } }

    /// Suspends until its lines fulfil the condition. Returns whether they do: it may have ended before.
    func until(_ condition: @escaping @Sendable ([String]) -> Bool) async throws -> Bool {
        let signal = Signal()
        let isOver = state.withLock { state in
            if condition(state.lines) || (state.outputHasEnded && state.exit != nil) { return true }
            state.watchers.append((condition, signal))
            return false
        }
        if !isOver { await signal.wait() }
        try Task.checkCancellation()
        return condition(lines)
    }

    /// Ends it at once, without telling it (SIGKILL). Returns once it is gone and all it wrote has been read.
    @discardableResult
    func kill() async throws -> Exit? {
        process.send(SIGKILL)
        return try await exit
    }

    /// Asks it to end (SIGTERM).
    func terminate() {
        process.send(SIGTERM)
    }

    /// Suspends until it has ended and all it wrote has been read.
    var exit: Exit? {
        get async throws {
            await hasEnded.wait()
            try Task.checkCancellation()
            return state.withLock { $0.exit }
        }
    }

    private static func append(_ bytes: [UInt8], _ state: Locked<State>, _ hasEnded: Signal) {
        change(state, hasEnded) { state in
            guard !bytes.isEmpty else {
                state.outputHasEnded = true
                if !state.rest.isEmpty { state.lines.append(String(decoding: state.rest, as: UTF8.self)) }
                state.rest = []
                return
            }
            var lines = (state.rest + bytes).split(separator: 10, omittingEmptySubsequences: false)
            state.rest = Array(lines.removeLast())
            state.lines += lines.map { String(decoding: $0, as: UTF8.self) }
        }
    }

    private static func change(_ state: Locked<State>, _ hasEnded: Signal, _ body: (inout State) -> Void) {
        let (signals, isOver) = state.withLock { state in
            body(&state)
            let isOver = state.outputHasEnded && state.exit != nil
            let lines = state.lines
            let done = state.watchers.filter { isOver || $0.condition(lines) }.map(\.signal)
            if !done.isEmpty { state.watchers.removeAll { isOver || $0.condition(lines) } }
            return (done, isOver)
        }
        for signal in signals { signal.set() }
        if isOver { hasEnded.set() }
    }
}
