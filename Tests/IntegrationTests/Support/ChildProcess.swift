import Foundation
import RdKafka

/// A program that runs beside the test, which reads its lines and may kill it.
///
/// Its standard input stays open as long as this object lives, and nothing is written to it: a program that ends when it is
/// closed survives neither the test nor the test's process.
final class ChildProcess: Sendable {
    /// How it has ended.
    enum Exit: Equatable, Sendable {
        case status(Int32)
        case signal(Int32)
    }

    private struct State {
        var lines: [String] = []
        /// The end of the output, which no line feed has ended yet.
        var rest: [UInt8] = []
        var outputHasEnded = false
        var exit: Exit?
        var watchers: [(condition: @Sendable ([String]) -> Bool, signal: Signal)] = []
    }

    private let process = Process()
    private let input = Pipe()
    private let state = Locked(State())
    /// All of its output has been read, and it is gone.
    private let hasEnded = Signal()

    /// Starts the program. Its standard error is the test's own.
    ///
    /// - Parameter environment: variables beside those of the test.
    init(_ path: String, _ arguments: [String], environment: [String: String] = [:]) throws {
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = input
        process.standardOutput = output
        // These hold this object until it has ended, so that nobody who waits is forgotten.
        output.fileHandleForReading.readabilityHandler = { [self] handle in
            let bytes = [UInt8](handle.availableData)
            if bytes.isEmpty { handle.readabilityHandler = nil }
            append(bytes)
        }
        process.terminationHandler = { [self] process in
            let number = process.terminationStatus
            end(process.terminationReason == .exit ? .status(number) : .signal(number))
        }
        do {
            try withSignalsUnblocked { try process.run() }
        } catch {
            output.fileHandleForReading.readabilityHandler = nil
            process.terminationHandler = nil
            throw error
        }
    }

    var processID: Int32 { process.processIdentifier }

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
        send(SIGKILL)
        return try await exit
    }

    /// Asks it to end (SIGTERM).
    func terminate() {
        send(SIGTERM)
    }

    /// Suspends until it has ended and all it wrote has been read.
    var exit: Exit? {
        get async throws {
            await hasEnded.wait()
            try Task.checkCancellation()
            return state.withLock { $0.exit }
        }
    }

    private func send(_ signal: Int32) {
        state.withLock { state in
            // Not to whoever has its id by now.
            if state.exit == nil, process.isRunning { _ = Foundation.kill(process.processIdentifier, signal) }
        }
    }

    private func append(_ bytes: [UInt8]) {
        change { state in
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

    private func end(_ exit: Exit) {
        change { $0.exit = exit }
    }

    private func change(_ body: (inout State) -> Void) {
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
