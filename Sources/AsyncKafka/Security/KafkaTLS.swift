/// How a connection over TLS checks the broker, and what it shows of itself.
public struct KafkaTLS: Sendable {
    /// Whose signature makes a broker's certificate valid. The system's by default.
    public var certificateAuthorities = CertificateAuthorities.system

    /// The client's own certificate, for brokers that ask for one. None by default.
    public var identity: KafkaTLSIdentity?

    /// Whether a certificate for any host is taken, so that whoever has one from the same authority can pose as the broker. Off by
    /// default (`ssl.endpoint.identification.algorithm`, which says the opposite).
    public var isHostNameVerificationDisabled = false

    /// The defaults.
    public init() {}

    /// With these authorities and the client's own certificate.
    public init(certificateAuthorities: CertificateAuthorities, identity: KafkaTLSIdentity? = nil) {
        self.certificateAuthorities = certificateAuthorities
        self.identity = identity
    }

    /// Certificates that are trusted.
    public struct CertificateAuthorities: Sendable {
        enum Value {
            case system
            case file(String)
            case pem(String)
        }

        let value: Value

        /// Those that the operating system trusts.
        public static let system = CertificateAuthorities(value: .system)

        /// Those in a file in PEM format, or in a directory that OpenSSL's `c_rehash` has made (`ssl.ca.location`).
        public static func file(_ path: String) -> CertificateAuthorities {
            CertificateAuthorities(value: .file(path))
        }

        /// Those in a text in PEM format (`ssl.ca.pem`).
        public static func pem(_ text: String) -> CertificateAuthorities {
            CertificateAuthorities(value: .pem(text))
        }
    }
}

/// A certificate with its private key.
public struct KafkaTLSIdentity: Sendable {
    enum Value {
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
    public static func pem(certificate: String, key: KafkaSecret, passphrase: KafkaSecret? = nil) -> KafkaTLSIdentity {
        KafkaTLSIdentity(value: .pem(certificate: certificate, key: key), passphrase: passphrase)
    }

    /// From a file in PKCS#12 format, also known as a keystore (`ssl.keystore.location`).
    public static func pkcs12(file: String, passphrase: KafkaSecret) -> KafkaTLSIdentity {
        KafkaTLSIdentity(value: .pkcs12(file: file), passphrase: passphrase)
    }
}
