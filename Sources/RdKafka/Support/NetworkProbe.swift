#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Looks a host's name up and connects to it, as librdkafka does, and tells what the system says.
///
/// Everything here blocks: for `BlockingThreads`. `resolve` cannot be stopped; the system's resolver has time limits of its own.
package enum NetworkProbe {
    /// Which addresses count.
    package enum Family: Sendable {
        case any, ipv4, ipv6
    }

    /// One address of a name.
    package struct Address: Sendable, Hashable {
        /// `127.0.0.1`, `::1`.
        package let text: String
        /// A `sockaddr`, with the port.
        let bytes: [UInt8]
        let family: Int32
    }

    /// Why a name has no address, or nobody takes a connection there.
    package struct Fault: Error, Sendable, Hashable {
        package enum Kind: Sendable {
            case nameUnknown
            /// The resolver has no answer now.
            case resolverSilent
            case refused
            case timedOut
            case unreachable
            case other
        }

        package let kind: Kind
        /// The system's text for it: "Connection refused".
        package let text: String

        package init(kind: Kind, text: String) {
            self.kind = kind
            self.text = text
        }

        init(errno number: Int32) {
            switch number {
            case ECONNREFUSED: kind = .refused
            case ETIMEDOUT: kind = .timedOut
            case EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL, ENETDOWN, EHOSTDOWN: kind = .unreachable
            default: kind = .other
            }
            text = String(cString: strerror(number))
        }
    }

    /// The addresses that a name has, in the resolver's order.
    package static func resolve(_ host: String, port: Int, _ family: Family) throws(Fault) -> [Address] {
        var hints = addrinfo()
        // What librdkafka asks for (rdaddr.c, `rd_getaddrinfo`).
        hints.ai_flags = AI_ADDRCONFIG
        switch family {
        case .any: hints.ai_family = AF_UNSPEC
        case .ipv4: hints.ai_family = AF_INET
        case .ipv6: hints.ai_family = AF_INET6
        }
        #if canImport(Darwin)
            hints.ai_socktype = SOCK_STREAM
        #else
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, "\(port)", &hints, &list)
        guard result == 0 else {
            if result == EAI_SYSTEM { throw Fault(errno: errno) }
            throw Fault(
                kind: result == EAI_AGAIN ? .resolverSilent : .nameUnknown,
                text: String(cString: gai_strerror(result))
            )
        }
        defer { freeaddrinfo(list) }
        var addresses: [Address] = []
        var next = list
        while let info = next?.pointee {
            next = info.ai_next
            guard let address = info.ai_addr else { continue }
            var text = [CChar](repeating: 0, count: 64)
            guard
                getnameinfo(address, info.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
            else { continue }
            let found = Address(
                text: String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self),
                bytes: Array(UnsafeRawBufferPointer(start: address, count: Int(info.ai_addrlen))),
                family: info.ai_family
            )
            if !addresses.contains(found) { addresses.append(found) }
        }
        return addresses
    }

    /// Connects, and closes the connection again.
    ///
    /// - Parameter goesOn: whether anybody waits for it; asked five times a second.
    /// - Returns: nil if somebody has taken the connection.
    package static func connect(
        to address: Address,
        until deadline: ContinuousClock.Instant,
        goesOn: () -> Bool = { true }
    ) -> Fault? {
        #if canImport(Darwin)
            let descriptor = socket(address.family, SOCK_STREAM, 0)
        #else
            let descriptor = socket(address.family, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        guard descriptor >= 0 else { return Fault(errno: errno) }
        defer { close(descriptor) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        guard fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0 else { return Fault(errno: errno) }
        let result = address.bytes.withUnsafeBytes { bytes -> Int32 in
            guard let start = bytes.baseAddress else { return -1 }
            let address = start.assumingMemoryBound(to: sockaddr.self)
            #if canImport(Darwin)
                return Darwin.connect(descriptor, address, socklen_t(bytes.count))
            #else
                return Glibc.connect(descriptor, address, socklen_t(bytes.count))
            #endif
        }
        if result == 0 { return nil }
        guard errno == EINPROGRESS || errno == EINTR else { return Fault(errno: errno) }
        while goesOn() {
            let left = deadline - .now
            guard left > .zero else { break }
            var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard poll(&wait, 1, min(left, .milliseconds(200)).clampedMilliseconds) > 0 else { continue }
            var error: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 else { return Fault(errno: errno) }
            return error == 0 ? nil : Fault(errno: error)
        }
        return Fault(errno: ETIMEDOUT)
    }
}
