import RdKafka

/// What is known about properties of TLS, and about the files that they name.
enum TLSProperties {
    static func contains(_ property: String) -> Bool {
        property.hasPrefix("ssl.") || property.hasPrefix("enable.ssl.")
    }

    static let ofAuthorities: Set<String> = ["ssl.ca.location", "ssl.ca.pem", "ssl.ca.certificate.stores"]

    static let ofIdentity: Set<String> = [
        "ssl.certificate.location", "ssl.certificate.pem", "ssl.key.location", "ssl.key.pem", "ssl.key.password",
        "ssl.keystore.location", "ssl.keystore.password",
    ]

    /// Of which librdkafka would take the second.
    static let alternatives = [
        ("ssl.certificate.location", "ssl.certificate.pem"), ("ssl.key.location", "ssl.key.pem"),
        ("ssl.certificate.location", "ssl.keystore.location"), ("ssl.certificate.pem", "ssl.keystore.location"),
        ("ssl.key.location", "ssl.keystore.location"), ("ssl.key.pem", "ssl.keystore.location"),
    ]

    // MARK: Files

    /// More than any bundle of certificates has.
    private static let longest = 4 * 1024 * 1024

    /// What stands in a file; nothing if it cannot be read.
    static func start(of path: String) -> [UInt8] {
        guard (try? FileSystem.kind(of: path)) == .file else { return [] }
        return (try? FileSystem.start(of: path, count: longest)) ?? []
    }

    static func hasCertificate(_ bytes: [UInt8]) -> Bool {
        ["BEGIN CERTIFICATE-----", "BEGIN TRUSTED CERTIFICATE-----", "BEGIN X509 CERTIFICATE-----"].contains {
            bytes.contains(Array($0.utf8))
        }
    }

    static func hasKey(_ bytes: [UInt8]) -> Bool {
        bytes.contains(Array("PRIVATE KEY-----".utf8))
    }

    /// Whether the private key that a configuration names is encrypted.
    static func hasEncryptedKey(_ engine: borrowing RdKafka.Configuration) -> Bool {
        var bytes = Array((engine.value(of: "ssl.key.pem") ?? "").utf8)
        if bytes.isEmpty { bytes = start(of: engine.value(of: "ssl.key.location") ?? "") }
        return bytes.contains(Array("BEGIN ENCRYPTED PRIVATE KEY-----".utf8))
            || bytes.contains(Array("4,ENCRYPTED".utf8))
    }

    /// A format that something is in by mistake.
    enum Format {
        case pem
        /// A keystore of Java's own.
        case java
        /// ASN.1: PKCS#12, or a single certificate or key.
        case binary

        var isWhat: String {
            switch self {
            case .pem: "in PEM format"
            case .java: "a keystore of Java's own format"
            case .binary: "in a binary format"
            }
        }

        var pemAdvice: String {
            switch self {
            case .java: "`keytool -importkeystore -deststoretype PKCS12` and `openssl pkcs12` convert it"
            case .pem, .binary:
                "`openssl pkcs12` or `openssl x509 -inform DER` convert it; a PKCS#12 file is for `.pkcs12`"
            }
        }

        var keystoreAdvice: String {
            switch self {
            case .java: "`keytool -importkeystore -deststoretype PKCS12` converts it"
            case .pem, .binary: "use `.files`, or `ssl.certificate.location` and `ssl.key.location`"
            }
        }
    }

    static func foreignFormat(of bytes: [UInt8]) -> Format? {
        if bytes.starts(with: [0xfe, 0xed, 0xfe, 0xed]) || bytes.starts(with: [0xce, 0xce, 0xce, 0xce]) {
            return .java
        }
        if bytes.first == 0x30 { return .binary }
        return bytes.contains(Array("-----BEGIN".utf8)) ? .pem : nil
    }

    // MARK: The system's certificates

    /// Where systems keep the certificates that they trust: Fedora, SUSE, Alpine, Debian, BSD, macOS and Homebrew. The list of
    /// librdkafka (rdkafka_ssl.c, `rd_kafka_ssl_probe_and_set_default_ca_location`), and Homebrew's newer folders.
    static let systemPlaces = [
        "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-bundle.crt", "/etc/pki/tls/certs/ca-bundle.trust.crt",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/ca-bundle.pem", "/etc/pki/tls/cacert.pem",
        "/etc/ssl/certs/ca-certificates.crt", "/etc/certs/ca-certificates.crt", "/etc/ssl/cert.pem",
        "/etc/ssl/cacert.pem", "/etc/ssl/certs", "/opt/homebrew/etc/ca-certificates/cert.pem",
        "/opt/homebrew/etc/openssl@3/cert.pem", "/usr/local/etc/ca-certificates/cert.pem",
        "/usr/local/etc/openssl@3/cert.pem", "/usr/local/etc/ssl/cert.pem", "/usr/local/share/certs/ca-root-nss.crt",
        "/etc/openssl/certs/ca-certificates.crt",
    ]

    /// The first file with a certificate, or folder with anything.
    static func firstWithCertificates(_ places: [String]) -> String? {
        places.first { place in
            switch try? FileSystem.kind(of: place) {
            case .file: hasCertificate(start(of: place))
            case .directory: FileSystem.isFilledDirectory(place)
            case .other, nil: false
            }
        }
    }
}
