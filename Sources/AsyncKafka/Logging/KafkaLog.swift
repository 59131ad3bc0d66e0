/// Where the log lines of a client, and of librdkafka below it, go.
///
/// Lines are never written by the thread that logs: each client has a serial queue of its own for them. At most 100
/// lines at once and 20 a second go through; how many were dropped is said in a line of its own. librdkafka itself
/// never writes to standard error.
public struct KafkaLog: Sendable {
    enum Destination: Sendable {
        case nowhere
        case standardError
        case handler(@Sendable (Entry) -> Void)
    }

    let destination: Destination
    /// The least severe level that is logged.
    let level: Level

    /// One line each on standard error: `async-kafka warning FAIL producer-1: …`.
    ///
    /// - Parameter level: The least severe level that is written, `.warning` by default.
    public static func standardError(_ level: Level = .warning) -> KafkaLog {
        KafkaLog(destination: .standardError, level: level)
    }

    /// Nowhere.
    public static let none = KafkaLog(destination: .nowhere, level: .emergency)

    /// To a closure.
    ///
    /// It is called for one entry at a time, on a queue of its own. While it is busy, up to 1,000 entries wait; those
    /// beyond are dropped and counted.
    ///
    /// - Parameters:
    ///   - level: The least severe level that is logged, `.info` by default.
    ///   - handler: Takes an entry. It may block, and must not wait for the client that logs.
    public static func handler(
        level: Level = .info,
        _ handler: @escaping @Sendable (Entry) -> Void
    ) -> KafkaLog {
        KafkaLog(destination: .handler(handler), level: level)
    }

    /// Whether a line of that level goes anywhere.
    func accepts(_ level: Level) -> Bool {
        if case .nowhere = destination { return false }
        return level >= self.level
    }

    /// librdkafka's `log_level`.
    var engineLevel: Int { level.syslog }

    /// One log line.
    public struct Entry: Sendable {
        /// How severe it is.
        public let level: Level
        /// What it is about: librdkafka's word (`FAIL`, `CONNECT`), or one of this library's.
        public let facility: String
        /// The client that logged it.
        public let clientName: String
        /// The text, without line breaks, keys, values and secrets.
        public let message: String
        /// How many lines were dropped, if that is what this entry says; else 0.
        public let droppedCount: Int

        init(level: Level, facility: String, clientName: String, message: String, droppedCount: Int = 0) {
            self.level = level
            self.facility = facility
            self.clientName = clientName
            self.message = message
            self.droppedCount = droppedCount
        }
    }

    /// How severe a line is: the levels of syslog (RFC 5424), in order of severity: `.debug < .emergency`.
    public struct Level: Sendable, Hashable {
        /// From 0, an emergency, to 7, debugging.
        let syslog: Int

        private init(_ syslog: Int) {
            self.syslog = syslog
        }

        /// The system is unusable.
        public static let emergency = Level(0)
        /// Somebody has to act at once.
        public static let alert = Level(1)
        /// The client has failed.
        public static let critical = Level(2)
        /// Something failed.
        public static let error = Level(3)
        /// Something is about to fail, or was put right.
        public static let warning = Level(4)
        /// Something unusual that is no error.
        public static let notice = Level(5)
        /// What goes on.
        public static let info = Level(6)
        /// Details for finding errors; librdkafka writes them if its `debug` property is set.
        public static let debug = Level(7)

        /// The level of a number of syslog; those out of range count as debugging.
        init(syslog: Int32) {
            self.init(0...7 ~= syslog ? Int(syslog) : 7)
        }
    }
}

extension KafkaLog.Level: Comparable, CustomStringConvertible {
    /// By severity.
    public static func < (left: KafkaLog.Level, right: KafkaLog.Level) -> Bool {
        left.syslog > right.syslog
    }

    /// The name: `warning`.
    public var description: String {
        switch syslog {
        case 0: "emergency"
        case 1: "alert"
        case 2: "critical"
        case 3: "error"
        case 4: "warning"
        case 5: "notice"
        case 6: "info"
        default: "debug"
        }
    }
}

extension KafkaLog: CustomStringConvertible {
    /// Where lines go, and from which level on.
    public var description: String {
        switch destination {
        case .nowhere: "none"
        case .standardError: "standardError(\(level))"
        case .handler: "handler(level: \(level))"
        }
    }
}

extension KafkaLog.Entry: CustomStringConvertible {
    /// The line as it is written to standard error: `async-kafka <level> <facility> <client>: <message>`.
    public var description: String {
        "async-kafka \(level) \(facility) \(clientName): \(message)"
    }
}
