#if os(Linux)
    import Foundation

    /// The memory of this process.
    enum Memory {
        /// A sanitizer's own memory would be measured with it.
        static let isSanitized = ProcessInfo.processInfo.environment["ASYNC_KAFKA_SANITIZER"] != nil

        /// What is resident now, in bytes.
        static func resident() throws -> Int { try status("VmRSS:") }

        /// What has been resident at most since `forgetPeak()`, in bytes.
        static func peak() throws -> Int { try status("VmHWM:") }

        /// Has `peak()` begin with what is resident now (proc(5), clear_refs).
        static func forgetPeak() throws {
            let file = try FileHandle(forWritingTo: URL(filePath: "/proc/self/clear_refs"))
            try file.write(contentsOf: Data("5".utf8))
            try file.close()
        }

        private static func status(_ name: String) throws -> Int {
            let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
            let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
            let kilobytes = line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) }
            return (kilobytes ?? 0) * 1024
        }
    }

    extension Int {
        var megabytes: String { "\((Double(self) / 104_857.6).rounded() / 10) MB" }
    }
#endif
