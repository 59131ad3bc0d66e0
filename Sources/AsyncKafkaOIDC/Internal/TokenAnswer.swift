import AsyncKafka
import Foundation

/// What a token endpoint has answered.
struct TokenAnswer {
    let status: Int
    let body: Data
    /// Takes out what the server was sent, before anything is cut short.
    var redact: (String) -> String = { $0 }

    private struct Success: Decodable {
        let accessToken: String
        let tokenType: String?
        let expiresIn: Lifetime?

        enum CodingKeys: String, CodingKey {
            case accessToken = "access_token"
            case tokenType = "token_type"
            case expiresIn = "expires_in"
        }
    }

    /// Seconds, as a number or, as some servers write it, a text.
    private struct Lifetime: Decodable {
        let seconds: Double

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Double.self) {
                seconds = number
                return
            }
            guard let number = Double(try container.decode(String.self)) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "no number")
            }
            seconds = number
        }
    }

    private struct Failure: Decodable {
        let error: String?
        let errorDescription: String?

        enum CodingKeys: String, CodingKey {
            case error
            case errorDescription = "error_description"
        }
    }

    /// The claims of a JWT that say whose and for how long it is (RFC 7519, section 4.1).
    private struct Claims: Decodable {
        let sub: String?
        let exp: Double?
    }

    func token(_ configuration: KafkaOIDCConfiguration, asked: Date) throws(KafkaOIDCError) -> KafkaToken {
        guard status == 200 else { throw failure }
        guard let answer = try? JSONDecoder().decode(Success.self, from: body), !answer.accessToken.isEmpty else {
            throw KafkaOIDCError(
                "the token endpoint has answered with something other than a token: check `tokenEndpoint`",
                status: status
            )
        }
        if let type = answer.tokenType, type.lowercased() != "bearer" {
            throw KafkaOIDCError(
                "the token endpoint has given a token of type \(redact(type).shortened), where Kafka takes bearer tokens alone",
                status: status
            )
        }
        let claims = Self.claims(of: answer.accessToken)
        let expiration: Date
        if let lifetime = answer.expiresIn?.seconds {
            // From before the request: rather early than late.
            expiration = asked.addingTimeInterval(lifetime)
        } else if let date = claims?.exp {
            expiration = Date(timeIntervalSince1970: date)
        } else {
            throw KafkaOIDCError(
                "the token endpoint does not say how long the token lives, nor does the token (`expires_in`, `exp`)",
                status: status
            )
        }
        return KafkaToken(
            value: KafkaSecret(answer.accessToken),
            principal: claims?.sub ?? configuration.clientID,
            expiration: expiration,
            extensions: configuration.extensions
        )
    }

    private var failure: KafkaOIDCError {
        let said = try? JSONDecoder().decode(Failure.self, from: body)
        let message =
            switch status {
            case 300..<400: "the token endpoint points elsewhere, which is not followed: correct `tokenEndpoint`"
            case 400, 401, 403: "the token endpoint refuses: check `clientID`, `clientSecret`, `scopes` and `audience`"
            case 404, 405: "there is no token endpoint at that address: check `tokenEndpoint`"
            case 500...: "the authorization server has failed"
            default: "the token endpoint has given no token"
            }
        return KafkaOIDCError(
            message,
            status: status,
            error: said?.error.map(redact)?.shortened,
            errorDescription: said?.errorDescription.map(redact)?.shortened
        )
    }

    private static func claims(of token: String) -> Claims? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        var text = String(parts[1].map { ["-": "+", "_": "/"][$0, default: $0] })
        text += String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: text) else { return nil }
        return try? JSONDecoder().decode(Claims.self, from: data)
    }
}

extension String {
    /// What others have written, fit for a line.
    fileprivate var shortened: String {
        String(prefix(300).map { $0.isNewline ? " " : $0 })
    }
}
