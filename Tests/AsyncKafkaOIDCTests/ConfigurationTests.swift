import AsyncKafka
import Foundation
import Testing

@testable import AsyncKafkaOIDC

struct ConfigurationTests {
    private func configuration(_ endpoint: String) throws -> KafkaOIDCConfiguration {
        KafkaOIDCConfiguration(
            tokenEndpoint: try #require(URL(string: endpoint)),
            clientID: "orders",
            clientSecret: "orders-secret"
        )
    }

    private func message(_ configuration: KafkaOIDCConfiguration) -> String? {
        do throws(KafkaError) {
            _ = try KafkaOIDCTokenProvider(configuration)
            return nil
        } catch {
            #expect(error.code == .invalidConfiguration)
            return error.message
        }
    }

    @Test func secretsGoOverTLSUnlessOneSaysOtherwise() throws {
        #expect(message(try configuration("https://login.example.com/token")) == nil)
        for host in ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"] {
            #expect(message(try configuration("http://\(host):8080/token")) == nil)
        }
        #expect(message(try configuration("http://login.example.com/token"))?.contains("without TLS") == true)
        #expect(message(try configuration("http://localhost.example.com/token"))?.contains("without TLS") == true)
        var said = try configuration("http://login.example.com/token")
        said.isInsecureEndpointAllowed = true
        #expect(message(said) == nil)
        #expect(message(try configuration("ftp://login.example.com/token"))?.contains("https") == true)
        #expect(message(try configuration("/token"))?.contains("host") == true)
    }

    @Test func whatIsMissingOrMisplacedIsRefused() throws {
        let inURL = try #require(message(try configuration("https://orders:hidden@login.example.com/token")))
        #expect(!inURL.contains("hidden"))
        var faulty = try configuration("https://login.example.com/token")
        faulty.clientID = ""
        #expect(message(faulty)?.contains("clientID") == true)
        faulty.clientID = "orders:1"
        #expect(message(faulty)?.contains("colon") == true)
        faulty.authentication = .encodedBasic
        #expect(message(faulty) == nil)
        faulty.clientSecret = ""
        #expect(message(faulty)?.contains("clientSecret") == true)
        faulty.clientSecret = "x"
        faulty.timeout = .zero
        #expect(message(faulty)?.contains("timeout") == true)
    }

    @Test func nothingPrintsTheSecret() throws {
        let configuration = try configuration("https://login.example.com/token")
        var text = "\(configuration) \(String(reflecting: configuration))"
        dump(configuration, to: &text)
        dump(try KafkaOIDCTokenProvider(configuration), to: &text)
        #expect(!text.contains("orders-secret"))
    }

    @Test func nameAndSecretAreShownInThreeWays() throws {
        var configuration = try configuration("https://login.example.com/token")
        configuration.clientSecret = "a+b/c d:e=ü"
        configuration.scopes = ["kafka", "read"]
        configuration.audience = "https://kafka.example.com"
        configuration.additionalParameters = ["resource": "1&2"]
        func pair(_ request: TokenRequest) throws -> String {
            let header = try #require(request.headers["Authorization"])
            #expect(header.hasPrefix("Basic "))
            return String(decoding: try #require(Data(base64Encoded: String(header.dropFirst(6)))), as: UTF8.self)
        }
        let rest =
            "grant_type=client_credentials&scope=kafka+read&audience=https%3A%2F%2Fkafka.example.com&resource=1%262"
        let basic = TokenRequest(configuration)
        #expect(try pair(basic) == "orders:a+b/c d:e=ü")
        #expect(basic.body == rest)
        configuration.authentication = .encodedBasic
        #expect(try pair(TokenRequest(configuration)) == "orders:a%2Bb%2Fc+d%3Ae%3D%C3%BC")
        configuration.authentication = .body
        let body = TokenRequest(configuration)
        #expect(body.headers["Authorization"] == nil)
        #expect(body.body == rest + "&client_id=orders&client_secret=a%2Bb%2Fc+d%3Ae%3D%C3%BC")
        #expect(body.redacting("a+b/c d:e=ü or a%2Bb%2Fc+d%3Ae%3D%C3%BC") == "<redacted> or <redacted>")
    }
}
