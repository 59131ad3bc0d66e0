import AsyncKafka
import Foundation
import TestSupport
import Testing

@testable import AsyncKafkaOIDC

/// Against a server that answers as it is asked to.
@Suite(.timeLimit(.minutes(2)))
struct TokenServerTests {
    private func provider(
        _ server: TokenServer,
        _ path: String,
        isTrusted: Bool = true,
        _ change: (inout KafkaOIDCConfiguration) -> Void = { _ in }
    ) throws -> KafkaOIDCTokenProvider {
        var configuration = KafkaOIDCConfiguration(
            tokenEndpoint: try server.endpoint(path, isTrusted: isTrusted),
            clientID: TokenServer.client.id,
            clientSecret: KafkaSecret(TokenServer.client.secret)
        )
        change(&configuration)
        return try KafkaOIDCTokenProvider(configuration)
    }

    private func withServer(_ body: (TokenServer) async throws -> Void) async throws {
        let server = try await TokenServer.shared
        try await body(server)
    }

    private func error(_ provider: KafkaOIDCTokenProvider) async throws -> KafkaOIDCError {
        try await #require(throws: KafkaOIDCError.self) { try await provider.token() }
    }

    @Test func whatAServerAnswersIsATokenOrSaysWhatToCheck() async throws {
        try await withServer { server in
            let before = Date.now
            for authentication in [KafkaOIDCConfiguration.Authentication.basic, .encodedBasic, .body] {
                let token = try await provider(server, "token?lifetime=100&sub=alice") {
                    $0.authentication = authentication
                    $0.scopes = ["kafka"]
                }.token()
                #expect(token.principal == "alice")
                #expect((before + 100)...(Date.now + 100) ~= token.expiration)
            }
            for path in ["text", "claim"] {
                let token = try await provider(server, "\(path)?lifetime=30").token()
                #expect((before + 30)...(Date.now + 30) ~= token.expiration)
            }

            let wrong = try await error(try provider(server, "token") { $0.clientSecret = "hidden" })
            #expect(wrong.status == 401)
            #expect(wrong.error == "invalid_client")
            #expect(wrong.errorDescription == "client or secret is wrong")
            #expect(wrong.message.contains("clientSecret"))
            for authentication in [KafkaOIDCConfiguration.Authentication.basic, .encodedBasic, .body] {
                let echo = try await error(
                    try provider(server, "echo") {
                        $0.clientSecret = "hidden+1"
                        $0.authentication = authentication
                    }
                )
                #expect(echo.errorDescription?.contains("<redacted>") == true, "\(echo)")
                for secret in ["hidden", Data("orders:hidden+1".utf8).base64EncodedString()] {
                    #expect(!"\(echo)".contains(secret))
                }
            }
            #expect(try await error(provider(server, "error")).status == 500)
            #expect(try await error(provider(server, "garbage")).message.contains("something other"))
            #expect(try await error(provider(server, "elsewhere")).status == 404)
            let redirect = try await error(provider(server, "redirect"))
            #expect(redirect.status == 302, "secrets go to the endpoint alone: \(redirect)")
            let untrusted = try await error(provider(server, "token", isTrusted: false))
            #expect(untrusted.status == nil)
            #expect(untrusted.message.contains("certificate"), "\(untrusted)")
            let late = try await error(provider(server, "slow") { $0.timeout = .seconds(1) })
            #expect(late.status == nil)
            #expect(late.message.contains("not answered"), "\(late)")

            let task = Task { [provider = try provider(server, "slow") { $0.timeout = .seconds(3600) }] in
                try await provider.token()
            }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    /// On Linux a session that is told to cancel a request may end the process.
    @Test func requestsMayBeCancelledAtAnyTime() async throws {
        let endpoint = try #require(URL(string: "https://127.0.0.1:1/token"))
        let provider = try KafkaOIDCTokenProvider(
            KafkaOIDCConfiguration(tokenEndpoint: endpoint, clientID: "orders", clientSecret: "hidden")
        )
        for round in 0..<1000 {
            let task = Task { try await provider.token() }
            for _ in 0..<round % 5 { await Task.yield() }
            task.cancel()
            await #expect(throws: (any Error).self) { try await task.value }
        }
    }

    /// A request that nobody waits for any more may begin behind the end of its provider: a session that has been invalidated by then
    /// ends the process.
    @Test func aRequestThatNobodyWaitsForKeepsItsSession() async throws {
        try await withServer { server in
            let endpoint = try server.endpoint("slow")
            let configuration = KafkaOIDCConfiguration(tokenEndpoint: endpoint, clientID: "a", clientSecret: "b")
            weak var http: TokenHTTP?
            let task: Task<Void, any Error>
            do {
                let strong = TokenHTTP(timeout: .seconds(3600))
                http = strong
                task = Task { _ = try await strong.post(TokenRequest(configuration), to: endpoint) }
            }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(http != nil, "the server answers when it ends")
        }
    }

    @Test func aClientIsToldWhyThereIsNoToken() async throws {
        try await withServer { server in
            let wrong = try provider(server, "token") { $0.clientSecret = "hidden" }
            var configuration = KafkaProducerConfiguration(bootstrapServers: ["127.0.0.1:1"])
            configuration.security = .saslWithoutTLS(.oauthBearer(wrong))
            configuration.log = .none
            let producer = try KafkaProducer(configuration)
            let error = await #expect(throws: KafkaError.self) { try await producer.connect(timeout: .seconds(300)) }
            await producer.close()
            #expect(error?.code == .tokenProviderFailed, "\(String(describing: error))")
            #expect((error?.underlyingError as? KafkaOIDCError)?.error == "invalid_client")
            #expect(!"\(String(describing: error))".contains("hidden"))
        }
    }
}
