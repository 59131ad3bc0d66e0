import RdKafka

extension LogSink {
    /// Hands on the lines that librdkafka has logged since the last call. Called on the client's thread.
    func forward(from handle: Handle) {
        guard handle.logArrived.take() else { return }
        while let line = handle.takeLogLine() {
            log(KafkaLog.Level(syslog: line.level), line.facility, line.text)
        }
    }
}
