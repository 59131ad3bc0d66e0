import AsyncKafka
import Foundation
import Testing

@testable import AsyncKafkaOIDC

struct TokenAnswerTests {
    private static let date = Date(timeIntervalSince1970: 1_800_000_000)

    private func token(_ body: String, status: Int = 200) throws -> KafkaToken {
        var configuration = KafkaOIDCConfiguration(
            tokenEndpoint: try #require(URL(string: "https://login.example.com/token")),
            clientID: "orders",
            clientSecret: "orders-secret"
        )
        configuration.extensions = ["logicalCluster": "lkc-1"]
        return try TokenAnswer(status: status, body: Data(body.utf8)).token(configuration, asked: Self.date)
    }

    private func error(_ body: String, status: Int = 200) throws -> KafkaOIDCError {
        try #require(throws: KafkaOIDCError.self) { try token(body, status: status) }
    }

    /// Claims as the middle of a JWT.
    private func jwt(_ claims: String) -> String {
        let base64 = Data(claims.utf8).base64EncodedString()
        return "e30.\(base64.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")).c2ln"
    }

    @Test func aTokenThatIsNoJWTStandsForTheClient() throws {
        let token = try token(#"{"access_token": "opaque", "token_type": "bearer", "expires_in": 300}"#)
        #expect(token.value == "opaque")
        #expect(token.principal == "orders")
        #expect(token.expiration == Self.date + 300)
        #expect(token.extensions == ["logicalCluster": "lkc-1"])
    }

    @Test func aJWTSaysWhomItStandsForAndHowLong() throws {
        // Padding, and the two characters in which the alphabets differ.
        for sub in ["a", "ab", "abc", "abcd", "??>>~~", "größe"] {
            let text = jwt(#"{"sub":"\#(sub)","exp":1800000100.5}"#)
            let token = try token(#"{"access_token": "\#(text)"}"#)
            #expect(token.principal == sub)
            #expect(token.expiration == Self.date + 100.5)
        }
        let text = jwt(#"{"sub":"alice","exp":1800000100}"#)
        #expect(try token(#"{"access_token": "\#(text)", "expires_in": 10}"#).expiration == Self.date + 10)
        #expect(try token(#"{"access_token": "\#(text)", "expires_in": "20"}"#).expiration == Self.date + 20)
        #expect(try token(#"{"access_token": "a.b.c", "expires_in": 10}"#).principal == "orders")
    }

    @Test func whatIsNoTokenIsToldInASentence() throws {
        #expect(try error("<html>").message.contains("something other"))
        #expect(try error("{}").message.contains("something other"))
        #expect(try error(#"{"access_token": "", "expires_in": 1}"#).message.contains("something other"))
        #expect(try error(#"{"access_token": "t", "expires_in": "soon"}"#).message.contains("something other"))
        #expect(try error(#"{"access_token": "t0k3n"}"#).message.contains("expires_in"))
        #expect(try error(#"{"access_token": "t", "token_type": "mac", "expires_in": 1}"#).message.contains("mac"))
        #expect(!(try error(#"{"access_token": "t0k3n"}"#).description.contains("t0k3n")))
    }

    @Test func refusalsHaveTheStatusAndWhatTheServerSays() throws {
        let refused = try error(#"{"error": "invalid_client", "error_description": "no\nsuch client"}"#, status: 401)
        #expect(refused.status == 401)
        #expect(refused.error == "invalid_client")
        #expect(refused.errorDescription == "no such client")
        #expect(refused.description.hasSuffix("(HTTP status 401): invalid_client: no such client"), "\(refused)")
        #expect(try error("oops", status: 500).message.contains("failed"))
        #expect(try error("", status: 404).message.contains("tokenEndpoint"))
        #expect(try error("", status: 302).message.contains("not followed"))
        #expect(try error("", status: 204).status == 204)
        let long = try error(#"{"error": "\#(String(repeating: "x", count: 9999))"}"#, status: 400)
        #expect(long.description.count < 1000)
    }
}
