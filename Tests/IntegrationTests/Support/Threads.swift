#if os(Linux)
    import Foundation

    /// A thread of this process, as the kernel shows it.
    struct ThreadCount: Equatable {
        let name: String
        /// How often it has waited for something.
        let voluntary: Int
        /// How often it was put aside for another.
        let involuntary: Int

        /// The context switches of all threads, by thread id.
        static func all() throws -> [Int: ThreadCount] {
            let folder = "/proc/self/task"
            var threads: [Int: ThreadCount] = [:]
            for entry in try FileManager.default.contentsOfDirectory(atPath: folder) {
                // A thread may have ended since.
                guard let id = Int(entry), let status = FileManager.default.contents(atPath: "\(folder)/\(id)/status")
                else { continue }
                var values: [Substring: String] = [:]
                for line in String(decoding: status, as: UTF8.self).split(separator: "\n") {
                    guard let colon = line.firstIndex(of: ":") else { continue }
                    values[line[..<colon]] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
                }
                guard let name = values["Name"] else { continue }
                threads[id] = ThreadCount(
                    name: name,
                    voluntary: values["voluntary_ctxt_switches"].flatMap(Int.init) ?? 0,
                    involuntary: values["nonvoluntary_ctxt_switches"].flatMap(Int.init) ?? 0
                )
            }
            return threads
        }
    }
#endif
