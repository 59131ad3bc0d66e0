package import AsyncKafka
import Foundation

/// Tokens from a file that something else renews, as Kubernetes does with those of service accounts.
///
/// A token is a JSON Web Token (RFC 7519): its claims say whose it is and until when.
package struct TokenFileProvider: KafkaTokenProvider {
    let path: String

    package init(path: String) {
        self.path = path
    }

    package func token() async throws -> KafkaToken {
        // One that is read too early is read again: the client asks until it has one that is valid.
        try Self.token(in: String(contentsOfFile: path, encoding: .utf8))
    }

    package static func token(in text: String) throws -> KafkaToken {
        let value = text.trimmingCharacters(in: .whitespacesAndNewlines)
        let parts = value.split(separator: ".", omittingEmptySubsequences: false)
        // The errors do not repeat the text: it may be a token.
        guard parts.count == 3, let bytes = decoded(parts[1]) else { throw TokenFileError.noToken }
        guard let claims = try? JSONDecoder().decode(Claims.self, from: bytes) else { throw TokenFileError.noClaims }
        return KafkaToken(
            value: KafkaSecret(value),
            principal: claims.sub,
            expiration: Date(timeIntervalSince1970: claims.exp)
        )
    }

    private struct Claims: Decodable {
        let sub: String
        let exp: TimeInterval
    }

    /// Base64 as it stands in tokens: with `-` and `_`, and without `=` at its end (RFC 4648, section 5).
    private static func decoded(_ part: Substring) -> Data? {
        let standard = part.map { ["-": "+", "_": "/"][$0, default: $0] }
        let padding = String(repeating: "=", count: (4 - part.count % 4) % 4)
        return Data(base64Encoded: String(standard) + padding)
    }
}

package enum TokenFileError: Error, Equatable, CustomStringConvertible {
    case noToken, noClaims

    package var description: String {
        switch self {
        case .noToken: "the file holds no JSON Web Token"
        case .noClaims: "the token in the file does not say whose it is (sub) and until when (exp)"
        }
    }
}
