import RdKafka

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A program with pipes to its standard input and output and nothing else of the test's: no other descriptor, no blocked signal.
///
/// Foundation's `Process` finds the end of a program by a socket that other programs may hold open; this waits for the process itself,
/// on a thread of its own.
package final class SpawnedProcess: Sendable {
    /// How it has ended.
    package enum End: Equatable, Sendable {
        case status(Int32)
        case signal(Int32)
    }

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private struct State {
        var id: pid_t?
    }

    private let state: Locked<State>
    private let input: Int32

    /// Starts the program. Its standard error is the test's own.
    ///
    /// - Parameters:
    ///   - environment: all of its variables.
    ///   - onOutput: gets what it writes to standard output, and an empty array at the end of that.
    ///   - onEnd: called once, after it has ended.
    package init(
        _ path: String,
        _ arguments: [String],
        environment: [String: String],
        onOutput: @escaping @Sendable ([UInt8]) -> Void,
        onEnd: @escaping @Sendable (End) -> Void
    ) throws(Failure) {
        let input = try Self.pipe()
        let output = try Self.pipe()
        let id = Self.spawn(path, arguments, environment, input: input.read, output: output.write)
        close(input.read)
        close(output.write)
        guard let id else {
            close(input.write)
            close(output.read)
            throw Failure(description: "\(path) cannot be started (errno \(errno))")
        }
        self.input = input.write
        let state = Locked(State(id: id))
        self.state = state
        let reader = NativeThread.start(name: "test-output") {
            while let bytes = Self.read(output.read), !bytes.isEmpty { onOutput(bytes) }
            close(output.read)
            onOutput([])
        }
        let waiter = NativeThread.start(name: "test-process") {
            var status: Int32 = 0
            // The process stays a zombie until here, so its id is nobody else's.
            var info = siginfo_t()
            while waitid(P_PID, id_t(id), &info, WEXITED | WNOWAIT) == -1, errno == EINTR {}
            state.withLock { state in
                _ = waitpid(id, &status, 0)
                state.id = nil
            }
            let signal = status & 0x7f
            onEnd(signal == 0 ? .status((status >> 8) & 0xff) : .signal(signal))
        }
        if reader != 0 || waiter != 0 { throw Failure(description: "there is no thread for \(path)") }
    }

    deinit {
        close(input)
    }

    /// Sends a signal, unless it has ended.
    package func send(_ signal: Int32) {
        state.withLock { state in
            if let id = state.id { kill(id, signal) }
        }
    }

    // MARK: C

    private static func pipe() throws(Failure) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        #if canImport(Darwin)
            let error = Darwin.pipe(&ends)
        #else
            let error = Glibc.pipe(&ends)
        #endif
        for end in ends where error == 0 { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        if error != 0 { throw Failure(description: "there is no pipe (errno \(errno))") }
        return (ends[0], ends[1])
    }

    /// Nil or empty at the end.
    private static func read(_ file: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 4096)
        while true {
            #if canImport(Darwin)
                let count = Darwin.read(file, &bytes, bytes.count)
            #else
                let count = Glibc.read(file, &bytes, bytes.count)
            #endif
            if count < 0, errno == EINTR { continue }
            return count < 0 ? nil : Array(bytes.prefix(count))
        }
    }

    private static func spawn(
        _ path: String,
        _ arguments: [String],
        _ environment: [String: String],
        input: Int32,
        output: Int32
    ) -> pid_t? {
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
            var flags = Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_CLOEXEC_DEFAULT)
        #else
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
            let flags = Int16(POSIX_SPAWN_SETSIGMASK)
        #endif
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        #if canImport(Darwin)
            posix_spawn_file_actions_addinherit_np(&actions, 2)
            flags = Int16(flags)
        #else
            // Glibc declares it only for programs that define _GNU_SOURCE, which Swift's importer does not.
            typealias AddCloseFrom = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
            if let address = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") {
                _ = unsafeBitCast(address, to: AddCloseFrom.self)(&actions, 3)
            }
        #endif
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, flags)
        var words = ([path] + arguments).map { strdup($0) } + [nil]
        var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in words + variables { free(text) } }
        var id: pid_t = 0
        let error = posix_spawn(&id, path, &actions, &attributes, &words, &variables)
        if error != 0 { errno = error }
        return error == 0 ? id : nil
    }
}
