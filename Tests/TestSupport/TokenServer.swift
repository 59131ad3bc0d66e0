package import Foundation
import RdKafka

/// An authorization server in a process of its own (token-server.py), on loopback: HTTP, and HTTPS with a certificate that
/// nobody trusts. URLSession on Linux can be told of no other authorities than the system's.
package final class TokenServer: Sendable {
    private struct Addresses: Decodable {
        let port: Int
        let untrustedPort: Int
    }

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private let addresses: Addresses
    private let process: SpawnedProcess

    /// What the server takes: the client's name and secret.
    package static let client = (id: "orders", secret: "orders-secret")

    private static let python = "/usr/bin/env"

    private static let starting = Task { try await TokenServer() }

    /// The one of this process, with which it ends. Started at the first use.
    package static var shared: TokenServer {
        get async throws { try await starting.value }
    }

    private init() async throws {
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "token-server.py").path
        let (output, continuation) = AsyncStream<[UInt8]>.makeStream()
        process = try SpawnedProcess(
            Self.python,
            ["python3", script],
            environment: ProcessInfo.processInfo.environment,
            onOutput: { bytes in
                continuation.yield(bytes)
                if bytes.isEmpty { continuation.finish() }
            },
            onEnd: { _ in }
        )
        var line: [UInt8] = []
        for await bytes in output {
            line += bytes
            if line.last == UInt8(ascii: "\n") { break }
        }
        guard let addresses = try? JSONDecoder().decode(Addresses.self, from: Data(line)) else {
            throw Failure(description: "the token server has not started: \(String(decoding: line, as: UTF8.self))")
        }
        self.addresses = addresses
    }

    /// - Parameter path: says how it answers, as in token-server.py: `token?lifetime=10`.
    package func endpoint(_ path: String, isTrusted: Bool = true) throws -> URL {
        let text =
            isTrusted
            ? "http://127.0.0.1:\(addresses.port)/\(path)" : "https://localhost:\(addresses.untrustedPort)/\(path)"
        guard let url = URL(string: text) else {
            throw Failure(description: "\(path) is no path")
        }
        return url
    }
}
