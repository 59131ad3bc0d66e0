#if os(Linux)
    import Foundation

    /// The memory of this process.
    enum Memory {
        /// A sanitizer's own memory would be measured with it.
        static let isSanitized = ProcessInfo.processInfo.environment["ASYNC_KAFKA_SANITIZER"] != nil

        /// What is resident now, in bytes.
        static func resident() throws -> Int {
            let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
            let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
            let kilobytes = line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) }
            return (kilobytes ?? 0) * 1024
        }
    }

    extension Int {
        var megabytes: String { "\(self / 1_048_576) MB" }
    }
#endif
