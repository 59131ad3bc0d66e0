#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// What stands in files: as much as a configuration that names them needs to know.
package enum FileSystem {
    package enum Kind: Sendable {
        case file, directory
        /// A pipe or a device, whose content is gone once it was read.
        case other
    }

    /// Why something cannot be read: `errno`.
    package struct Fault: Error, Sendable {
        package let number: Int32

        /// As in "No such file or directory".
        package var text: String { String(cString: strerror(number)) }
    }

    package static func kind(of path: String) throws(Fault) -> Kind {
        var status = stat()
        guard stat(path, &status) == 0 else { throw Fault(number: errno) }
        return switch status.st_mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .directory
        default: .other
        }
    }

    /// The beginning of a file.
    package static func start(of path: String, count: Int) throws(Fault) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Fault(number: errno) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: count)
        var length = 0
        while length < count {
            let read = bytes.withUnsafeMutableBytes { buffer in
                guard let start = buffer.baseAddress else { return 0 }
                #if canImport(Darwin)
                    return Darwin.read(descriptor, start + length, count - length)
                #else
                    return Glibc.read(descriptor, start + length, count - length)
                #endif
            }
            if read < 0, errno == EINTR { continue }
            guard read >= 0 else { throw Fault(number: errno) }
            if read == 0 { break }
            length += read
        }
        return Array(bytes.prefix(length))
    }

    /// Whether it is a directory in which something stands.
    package static func isFilledDirectory(_ path: String) -> Bool {
        guard let directory = opendir(path) else { return false }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            // `.` and `..` are always there.
            let start = withUnsafeBytes(of: &entry.pointee.d_name) { $0.first }
            if start != UInt8(ascii: ".") { return true }
        }
        return false
    }

    package static func isExecutable(_ path: String) -> Bool {
        access(path, X_OK) == 0
    }

    /// A variable of the process's environment; nil if it is unset or empty.
    package static func environment(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }
}
