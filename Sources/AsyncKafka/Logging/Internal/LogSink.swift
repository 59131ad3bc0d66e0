import Dispatch
import RdKafka

/// Takes the log lines of one client to where they go.
///
/// Any thread may log: lines are written, and handlers run, on a serial queue of the sink's own.
final class LogSink: Sendable {
    private let log: KafkaLog
    let clientName: String
    private let limiter: Locked<LogLimiter>
    private let redaction: Locked<Redaction>
    private let queue = DispatchQueue(label: "async-kafka.log", qos: .utility)

    init(
        _ log: KafkaLog,
        clientName: String,
        redaction: Redaction = Redaction(),
        limits: LogLimiter.Limits = LogLimiter.Limits()
    ) {
        self.log = log
        self.clientName = clientName
        self.redaction = Locked(redaction)
        limiter = Locked(LogLimiter(limits, now: .now))
    }

    /// Has a secret that came later, a token or a password, left out of lines until several others have followed it.
    func hide(_ secret: KafkaSecret) {
        redaction.withLock { $0.hide(secret.text) }
    }

    /// Has what the client logs in with by now left out of lines for as long as it does, and for a while longer.
    func adopt(_ secret: KafkaSecret) {
        redaction.withLock { $0.adopt(secret.text) }
    }

    /// Logs a line, or counts it as dropped. Never blocks; `message` is only made if it goes through.
    func log(_ level: KafkaLog.Level, _ facility: String, _ message: @autoclosure () -> String) {
        guard log.accepts(level) else { return }
        let action = limiter.withLock { $0.admit(now: .now) }
        guard case .write(let dropped) = action else { return }
        let entry = KafkaLog.Entry(
            level: level,
            facility: facility.singleLine,
            clientName: clientName.singleLine,
            message: redaction.withLock { $0 }(message()).singleLine
        )
        queue.async { [self] in
            reportDropped(dropped)
            write(entry)
            reportDropped(limiter.withLock { $0.written() })
        }
    }

    /// The client has ended: says how many lines were dropped since the last that went through.
    func finish() {
        queue.async { [self] in
            reportDropped(limiter.withLock { $0.finish() })
        }
    }

    /// Waits until what was logged so far is written.
    func drain() async {
        await suspend { (suspension: Suspension<Void>) in
            queue.async { suspension.resume() }
        }
    }

    /// For the end of a client: waits for standard error, so that the last lines are there before the process ends, but not
    /// beyond a deadline: whoever should read it may have stopped. A handler is not waited for, as it may take as long as it
    /// likes.
    func settle(until deadline: ContinuousClock.Instant) async {
        guard case .standardError = log.destination else { return }
        await suspend { (suspension: Suspension<Void>) in
            let waiting = Locked<Suspension<Void>?>(suspension)
            let resume: @Sendable () -> Void = {
                let suspension = waiting.withLock { waiting in
                    defer { waiting = nil }
                    return waiting
                }
                suspension?.resume()
            }
            queue.async(execute: resume)
            let limit = Int((deadline - .now).clampedMilliseconds)
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(min(limit, 1000)), execute: resume)
        }
    }

    // MARK: On the queue

    private func reportDropped(_ count: Int) {
        guard count > 0 else { return }
        write(
            KafkaLog.Entry(
                level: max(.warning, log.level),
                facility: "LOG",
                clientName: clientName.singleLine,
                message: count == 1 ? "1 line was dropped" : "\(count) lines were dropped",
                droppedCount: count
            )
        )
    }

    private func write(_ entry: KafkaLog.Entry) {
        switch log.destination {
        case .nowhere: break
        case .standardError: StandardError.write("\(entry)\n")
        case .handler(let handler): handler(entry)
        }
    }
}
