import Dispatch
@preconcurrency import Foundation

/// Runs `body` in a task that SIGTERM and SIGINT cancel.
///
/// Cancellation is all that clients need for an orderly end: their `with` functions still await deliveries and commits.
func cancelledBySignals(_ body: @escaping @Sendable () async throws -> Void) async throws {
    let task = Task(operation: body)
    let sources = [SIGTERM, SIGINT].map { number in
        // By default the signal would end the process before Dispatch hears of it.
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number)
        source.setEventHandler { task.cancel() }
        source.resume()
        return source
    }
    defer { for source in sources { source.cancel() } }
    try await task.value
}

/// Into a pipe or a file, lines would otherwise be written by the block.
func writeByTheLine() {
    setvbuf(stdout, nil, _IOLBF, 0)
}

/// Whether people watch: then a line can be replaced by the next.
public let outputIsTerminal = isatty(STDOUT_FILENO) == 1

/// Calls `body` once a second, until its task is cancelled.
public func everySecond(_ body: () -> Void) async {
    let (ticks, tick) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let timer = DispatchSource.makeTimerSource()
    timer.schedule(deadline: .now() + 1, repeating: 1)
    timer.setEventHandler { tick.yield() }
    timer.resume()
    defer { timer.cancel() }
    for await _ in ticks { body() }
}
