import RdKafka

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A port of this machine's that takes connections and closes them at the first word, as one does that speaks another protocol; once it is
/// opened, it leads to a broker, which it may make say that clients find it elsewhere. Or it takes connections and never says a word, or
/// answers requests itself.
package final class Gate: Sendable {
    package struct Failure: Error {
        package let number: Int32
    }

    /// What is answered to a request; both without their size in front. Nil for no answer.
    package typealias Answering = @Sendable (_ request: [UInt8]) -> [UInt8]?

    private struct State {
        var target: UInt16?
        var advertised: UInt16?
        var connections = 0
        var refusals = 0
        var isEnding = false
    }

    /// `127.0.0.1:54321`.
    package let address: String
    package let port: UInt16
    private let listener: Int32
    private let isSilent: Bool
    private let answering: Answering?
    private let state = Locked(State())

    /// How many connections it has taken.
    package var connections: Int { state.withLock { $0.connections } }

    /// How many connections it has closed.
    package var refusals: Int { state.withLock { $0.refusals } }

    private init(_ listener: Int32, port: UInt16, isSilent: Bool, answering: Answering?) {
        self.listener = listener
        self.port = port
        self.isSilent = isSilent
        self.answering = answering
        address = "127.0.0.1:\(port)"
    }

    /// Makes one that is shut, for as long as `body` runs.
    package static func with<Result>(
        isSilent: Bool = false,
        answering: Answering? = nil,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (Gate) async throws -> Result
    ) async throws -> Result {
        let listener = makeSocket()
        var address = loopback(0)
        guard listener >= 0, onAddress(&address, { bind(listener, $0, $1) }) == 0, listen(listener, 64) == 0 else {
            throw Failure(number: errno)
        }
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        guard onAddress(&address, { address, _ in getsockname(listener, address, &size) }) == 0 else {
            throw Failure(number: errno)
        }
        let port = UInt16(bigEndian: address.sin_port)
        let gate = Gate(listener, port: port, isSilent: isSilent, answering: answering)
        let error = NativeThread.start(name: "gate") { gate.serve() }
        guard error == 0 else { throw Failure(number: error) }
        defer {
            gate.state.withLock { $0.isEnding = true }
            gate.wake()
        }
        return try await body(gate)
    }

    /// Leads on from now on.
    ///
    /// - Parameters:
    ///   - port: the broker's, on this machine.
    ///   - advertised: the port in the place of the broker's own in what the broker says.
    package func open(to port: UInt16, advertisedAs advertised: UInt16? = nil) {
        state.withLock {
            $0.target = port
            $0.advertised = advertised
        }
    }

    /// Refuses what connects from now on; what it leads on stays.
    package func shut() {
        state.withLock { $0.target = nil }
    }

    // MARK: Threads

    /// Not every system lets a thread hear of a socket's end that waits for connections, but a connection it hears of.
    private func wake() {
        let client = Self.makeSocket()
        var address = Self.loopback(port)
        _ = Self.onAddress(&address) { connect(client, $0, $1) }
        close(client)
    }

    private func serve() {
        var held: [Int32] = []
        while true {
            let client = accept(listener, nil, nil)
            if client >= 0 { held.append(client) }
            guard client >= 0, !state.withLock({ $0.isEnding }) else { break }
            state.withLock { $0.connections += 1 }
            if isSilent { continue }
            held.removeLast()
            if let answering {
                _ = NativeThread.start(name: "gate") {
                    Self.answer(client, answering)
                    close(client)
                }
                continue
            }
            let (goal, advertised) = state.withLock { ($0.target, $0.advertised) }
            guard let target = goal else {
                refuse(client)
                continue
            }
            let server = Self.makeSocket()
            var address = Self.loopback(target)
            if Self.onAddress(&address, { connect(server, $0, $1) }) == 0 {
                Self.join(client, server, advertised.map { Advertisement(of: target, as: $0) })
            } else {
                close(server)
                close(client)
            }
        }
        for client in held { close(client) }
        close(listener)
    }

    private func refuse(_ client: Int32) {
        _ = NativeThread.start(name: "gate") { [self] in
            var byte: UInt8 = 0
            _ = recv(client, &byte, 1, 0)
            close(client)
            state.withLock { $0.refusals += 1 }
        }
    }

    /// Until the client closes the connection.
    private static func answer(_ client: Int32, _ answering: Answering) {
        forEachFrame(from: client) { frame in
            guard let answer = answering(Array(frame.dropFirst(4))) else { return true }
            let size = (0..<4).map { UInt8(truncatingIfNeeded: answer.count >> (24 - 8 * $0)) }
            return write((size + answer)[...], to: client)
        }
    }

    /// Each direction has a thread; the second one that ends closes both.
    private static func join(_ client: Int32, _ server: Int32, _ advertisement: Advertisement?) {
        let open = Locked(2)
        for (source, sink) in [(client, server), (server, client)] {
            _ = NativeThread.start(name: "gate") {
                if let advertisement, source == server {
                    passAnswers(from: source, to: sink, advertisement)
                } else {
                    pass(from: source, to: sink)
                }
                shutdown(sink, Int32(SHUT_RDWR))
                shutdown(source, Int32(SHUT_RDWR))
                let left = open.withLock { open in
                    open -= 1
                    return open
                }
                guard left == 0 else { return }
                close(client)
                close(server)
            }
        }
    }

    private static func pass(from source: Int32, to sink: Int32) {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(source, &bytes, bytes.count, 0)
            guard count > 0, write(bytes[..<count], to: sink) else { return }
        }
    }

    private static func write(_ bytes: ArraySlice<UInt8>, to sink: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { send(sink, $0.baseAddress, $0.count, noSignal) }
            guard written > 0 else { return false }
            rest = rest.dropFirst(written)
        }
        return true
    }

    /// A broker's address in its answers, a text and a number behind it, and what stands in its place.
    private struct Advertisement {
        let own: [UInt8]
        let other: [UInt8]

        init(of own: UInt16, as other: UInt16) {
            func bytes(_ port: UInt16) -> [UInt8] {
                Array("127.0.0.1".utf8) + [0, 0, UInt8(port >> 8), UInt8(port & 0xff)]
            }
            self.own = bytes(own)
            self.other = bytes(other)
        }
    }

    /// As a whole, so that no address is torn apart.
    private static func passAnswers(from source: Int32, to sink: Int32, _ advertisement: Advertisement) {
        forEachFrame(from: source) { frame in
            var answer = frame
            answer.replace(advertisement.own, with: advertisement.other)
            return write(answer[...], to: sink)
        }
    }

    /// Requests and answers have their size in front, which is left there.
    private static func forEachFrame(from source: Int32, _ body: (_ frame: [UInt8]) -> Bool) {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        var held: [UInt8] = []
        while true {
            let count = recv(source, &bytes, bytes.count, 0)
            guard count > 0 else { return }
            held += bytes[..<count]
            while held.count >= 4 {
                let size = 4 + held[..<4].reduce(0) { $0 << 8 | Int($1) }
                guard held.count >= size else { break }
                guard body(Array(held[..<size])) else { return }
                held.removeFirst(size)
            }
        }
    }

    // MARK: C

    #if canImport(Darwin)
        private static var noSignal: Int32 { 0 }
    #else
        private static var noSignal: Int32 { Int32(MSG_NOSIGNAL) }
    #endif

    private static func makeSocket() -> Int32 {
        #if canImport(Darwin)
            let number = socket(AF_INET, SOCK_STREAM, 0)
            var isOn: Int32 = 1
            setsockopt(number, SOL_SOCKET, SO_NOSIGPIPE, &isOn, socklen_t(MemoryLayout<Int32>.size))
        #else
            let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
        return number
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    private static func onAddress(
        _ address: inout sockaddr_in,
        _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
