import Foundation
import RdKafka

/// A program has ended with an error.
struct ProgramFailure: Error, CustomStringConvertible {
    let description: String
}

/// Runs a program and returns what it writes to standard output.
///
/// Suspends, and blocks no thread, until it has ended. Cancellation ends the program.
func output(of path: String, _ arguments: [String]) async throws -> [UInt8] {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("async-kafka-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    // Files, as a pipe would have to be read meanwhile.
    let outputFile = folder.appendingPathComponent("output")
    let errorFile = folder.appendingPathComponent("error")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try emptyFile(outputFile)
    process.standardError = try emptyFile(errorFile)

    let running = RunningProgram(process)
    try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in continuation.resume() }
            do {
                try running.start()
            } catch {
                process.terminationHandler = nil
                continuation.resume(throwing: error)
            }
        }
    } onCancel: {
        running.end()
    }
    try Task.checkCancellation()
    let output = [UInt8](try Data(contentsOf: outputFile))
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
        let errors = String(decoding: try Data(contentsOf: errorFile), as: UTF8.self)
        let text = String(decoding: output.suffix(2000), as: UTF8.self) + errors.suffix(2000)
        throw ProgramFailure(
            description: "\(arguments.joined(separator: " ")) ended with status \(process.terminationStatus): \(text)"
        )
    }
    return output
}

private func emptyFile(_ url: URL) throws -> FileHandle {
    try Data().write(to: url)
    return try FileHandle(forWritingTo: url)
}

/// A process that may be ended before it has begun.
private final class RunningProgram: Sendable {
    private enum State {
        case new
        case running
        case ended
    }

    private let process: Process
    private let state = Locked(State.new)

    init(_ process: Process) {
        self.process = process
    }

    func start() throws {
        try state.withLock { state in
            if case .ended = state { throw CancellationError() }
            try withSignalsUnblocked { try process.run() }
            state = .running
        }
    }

    func end() {
        state.withLock { state in
            if case .running = state, process.isRunning { process.terminate() }
            state = .ended
        }
    }
}

/// Runs `body` with no signal blocked, as a process that it starts inherits: the pool's threads block them, and such a process would
/// not end at SIGTERM.
func withSignalsUnblocked<Result>(_ body: () throws -> Result) rethrows -> Result {
    var none = sigset_t()
    var before = sigset_t()
    unsafe sigemptyset(&none)
    unsafe pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { unsafe _ = pthread_sigmask(SIG_SETMASK, &before, nil) }
    return try body()
}
