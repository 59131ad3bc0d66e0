import RdKafka

extension LogSink {
    /// Hands on the lines that librdkafka has logged since the last call. Called on the client's thread.
    func forward(from handle: Handle) {
        guard handle.logArrived.take() else { return }
        while let line = handle.takeLogLine() {
            log(Self.level(of: line.level, line.facility, line.text), line.facility, line.text)
        }
    }

    /// librdkafka's own level, but for what alarms without a reason: the first idempotent producer of a fresh cluster finds its
    /// coordinator still loading, and tries again by itself.
    static func level(of level: Int32, _ facility: String, _ text: String) -> KafkaLog.Level {
        let level = KafkaLog.Level(syslog: level)
        return facility == "GETPID" && text.contains("Coordinator load in progress") ? min(level, .info) : level
    }
}
