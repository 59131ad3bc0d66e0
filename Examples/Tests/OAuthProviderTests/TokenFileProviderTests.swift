import AsyncKafka
import Foundation
import OAuthProvider
import Testing

struct TokenFileProviderTests {
    /// Claims with characters of which base64 makes `-` and `_`.
    private static func token(claims: String) -> String {
        let parts = [#"{"alg":"none"}"#, claims].map { part in
            String(
                Data(part.utf8).base64EncodedString().filter { $0 != "=" }
                    .map { ["+": "-", "/": "_"][$0, default: $0] }
            )
        }
        return parts.joined(separator: ".") + "."
    }

    @Test(arguments: ["alice", "böb", "a", "ab", "abc", "ÿ?>~ÿ?>~"])
    func theClaimsSayWhoseItIsAndUntilWhen(subject: String) throws {
        let text = Self.token(claims: #"{"sub":"\#(subject)","exp":1893456000.5,"aud":["kafka"]}"#)
        let token = try TokenFileProvider.token(in: text + "\n")
        #expect(token.principal == subject)
        #expect(token.expiration == Date(timeIntervalSince1970: 1_893_456_000.5))
        #expect(token.value == KafkaSecret(text))
    }

    @Test(arguments: [
        ("", TokenFileError.noToken), ("hunted-secret", .noToken), ("a.b", .noToken), ("a.!.c", .noToken),
        (token(claims: #"{"sub":"alice"}"#), .noClaims), (token(claims: "hunted-secret"), .noClaims),
    ])
    func whatIsNoTokenIsNotShown(text: String, expected: TokenFileError) throws {
        let error = try #require(throws: TokenFileError.self) { try TokenFileProvider.token(in: text) }
        #expect(error == expected)
        #expect(!"\(error)".contains("hunted-secret"))
    }

    @Test
    func theFileIsReadWithEachToken() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "token-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        let provider = TokenFileProvider(path: file.path)
        await #expect(throws: (any Error).self) { try await provider.token() }
        for subject in ["alice", "bob"] {
            let text = Self.token(claims: #"{"sub":"\#(subject)","exp":1893456000}"#)
            try text.write(to: file, atomically: true, encoding: .utf8)
            #expect(try await provider.token().principal == subject)
        }
    }
}
