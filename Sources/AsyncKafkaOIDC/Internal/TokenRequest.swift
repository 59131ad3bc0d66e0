import AsyncKafka
import Foundation

/// What is sent to a token endpoint.
struct TokenRequest {
    private(set) var headers = [
        "Accept": "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
    ]
    let body: String
    /// What must appear nowhere.
    private let secrets: [String]

    init(_ configuration: KafkaOIDCConfiguration) {
        var fields = [("grant_type", "client_credentials")]
        if !configuration.scopes.isEmpty { fields.append(("scope", configuration.scopes.joined(separator: " "))) }
        if let audience = configuration.audience { fields.append(("audience", audience)) }
        fields += configuration.additionalParameters.sorted { $0.key < $1.key }
        let (id, secret) = (configuration.clientID, configuration.clientSecret.text)
        var secrets = [secret, Self.formEncoded(secret)]
        switch configuration.authentication {
        case .body:
            fields += [("client_id", id), ("client_secret", secret)]
        case .encodedBasic:
            let pair = Self.base64("\(Self.formEncoded(id)):\(Self.formEncoded(secret))")
            headers["Authorization"] = "Basic \(pair)"
            secrets.append(pair)
        default:
            let pair = Self.base64("\(id):\(secret)")
            headers["Authorization"] = "Basic \(pair)"
            secrets.append(pair)
        }
        body = fields.map { "\(Self.formEncoded($0))=\(Self.formEncoded($1))" }.joined(separator: "&")
        self.secrets = secrets
    }

    func redacting(_ text: String) -> String {
        secrets.reduce(text) { $0.replacing($1, with: "<redacted>") }
    }

    private static func base64(_ text: String) -> String {
        Data(text.utf8).base64EncodedString()
    }

    /// `application/x-www-form-urlencoded`.
    static func formEncoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "*"):
                bytes.append(byte)
            case UInt8(ascii: " "):
                bytes.append(UInt8(ascii: "+"))
            default:
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
