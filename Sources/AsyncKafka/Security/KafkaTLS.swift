/// How a connection over TLS checks the broker, and what it shows of itself.
public struct KafkaTLS: Sendable {
    /// Whose signature makes a broker's certificate valid. The system's by default.
    public var certificateAuthorities = CertificateAuthorities.system

    /// The client's own certificate, for brokers that ask for one. None by default.
    public var identity: KafkaTLSIdentity?

    /// Whether a certificate for any host is taken, so that whoever has one from the same authority can pose as the broker. Off by
    /// default (`ssl.endpoint.identification.algorithm`, which says the opposite).
    public var isHostNameVerificationDisabled = false

    /// A check of your own, beside OpenSSL's: false refuses the broker, with code `certificateRefused`. None by default.
    ///
    /// It is asked for each certificate with which OpenSSL finds nothing wrong, the authority's first, whenever a connection is made. It
    /// must be pure and return at once: it runs on a thread of librdkafka's, which serves nothing else meanwhile, and must not call a
    /// client.
    ///
    /// ```swift
    /// tls.certificateCheck = { $0.depth > 0 || pinned.contains(Array(SHA256.hash(data: $0.bytes))) }
    /// ```
    public var certificateCheck: (@Sendable (KafkaCertificate) -> Bool)?

    /// The defaults.
    public init() {}

    /// With these authorities and the client's own certificate.
    public init(certificateAuthorities: CertificateAuthorities, identity: KafkaTLSIdentity? = nil) {
        self.certificateAuthorities = certificateAuthorities
        self.identity = identity
    }

    /// Certificates that are trusted.
    public struct CertificateAuthorities: Sendable, Hashable {
        enum Value: Hashable {
            case system
            case file(String)
            case pem(String)
        }

        let value: Value

        /// Those that the operating system trusts.
        ///
        /// They are looked for where Linux distributions, BSD and Homebrew keep them, after the environment's `SSL_CERT_FILE` and
        /// `SSL_CERT_DIR`. Where there are none, the client does not start, and the error names all places.
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

extension KafkaTLS.CertificateAuthorities: CustomStringConvertible, CustomReflectable {
    /// `system`, `file("ca.pem")`, or `pem` with the text's length.
    public var description: String {
        switch value {
        case .system: "system"
        case .file(let path): "file(\"\(path)\")"
        case .pem(let text): "pem(\(text.utf8.count) bytes)"
        }
    }

    /// The description alone.
    public var customMirror: Mirror { Mirror(self, children: ["description": description]) }
}
