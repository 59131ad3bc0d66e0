/// Where a broker is reached.
struct BrokerAddress: Sendable, Hashable, CustomStringConvertible {
    var host: String
    var port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// - Parameter entry: one of `bootstrap.servers`: `host`, `host:port`, `ssl://[::1]:9093`.
    init(entry: some StringProtocol) {
        var rest = Substring(entry)
        if let scheme = rest.firstRange(of: "://") { rest = rest[scheme.upperBound...] }
        // librdkafka's own.
        port = 9092
        if rest.hasPrefix("["), let end = rest.lastIndex(of: "]") {
            if let number = Int(rest[rest.index(after: end)...].dropFirst()) { port = number }
            rest = rest[rest.index(after: rest.startIndex)..<end]
        } else if let colon = rest.lastIndex(of: ":"), colon == rest.firstIndex(of: ":") {
            if let number = Int(rest[rest.index(after: colon)...]) { port = number }
            rest = rest[..<colon]
        }
        host = String(rest)
    }

    /// `localhost:9092`, `[::1]:9092`.
    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
