/// A certificate with its private key.
public struct KafkaTLSIdentity: Sendable, Hashable {
    enum Value: Hashable {
        case files(certificate: String, key: String)
        case pem(certificate: String, key: KafkaSecret)
        case pkcs12(file: String)
    }

    let value: Value
    let passphrase: KafkaSecret?

    /// From files in PEM format (`ssl.certificate.location`, `ssl.key.location`).
    ///
    /// - Parameters:
    ///   - certificateFile: the client's certificate, with those between it and its authority behind it.
    ///   - keyFile: the private key.
    ///   - passphrase: what the key is encrypted with, if it is.
    public static func files(
        certificate certificateFile: String,
        key keyFile: String,
        passphrase: KafkaSecret? = nil
    ) -> KafkaTLSIdentity {
        KafkaTLSIdentity(value: .files(certificate: certificateFile, key: keyFile), passphrase: passphrase)
    }

    /// From texts in PEM format (`ssl.certificate.pem`, `ssl.key.pem`).
    ///
    /// - Parameters:
    ///   - certificate: the client's certificate. librdkafka takes the first of the text alone: those between it and its authority
    ///     are sent only by `files`.
    ///   - key: the private key.
    ///   - passphrase: what the key is encrypted with, if it is.
    public static func pem(certificate: String, key: KafkaSecret, passphrase: KafkaSecret? = nil) -> KafkaTLSIdentity {
        KafkaTLSIdentity(value: .pem(certificate: certificate, key: key), passphrase: passphrase)
    }

    /// From a file in PKCS#12 format, also known as a keystore (`ssl.keystore.location`, `ssl.keystore.password`). Of its
    /// certificates librdkafka takes the client's alone.
    public static func pkcs12(file: String, passphrase: KafkaSecret) -> KafkaTLSIdentity {
        KafkaTLSIdentity(value: .pkcs12(file: file), passphrase: passphrase)
    }
}

extension KafkaTLSIdentity: CustomStringConvertible, CustomReflectable {
    /// Where it comes from, without the key and the passphrase.
    public var description: String {
        let source =
            switch value {
            case .files(let certificate, let key): "certificate: \"\(certificate)\", key: \"\(key)\""
            case .pem(let certificate, let key): "certificate: \(certificate.utf8.count) bytes, key: \(key)"
            case .pkcs12(let file): "pkcs12: \"\(file)\""
            }
        return passphrase.map { "(\(source), passphrase: \($0))" } ?? "(\(source))"
    }

    /// The description alone.
    public var customMirror: Mirror { Mirror(self, children: ["description": description]) }
}
