import Foundation
import RdKafka
import Testing

@testable import AsyncKafka

struct TLSConfigurationTests {
    private static let tls = ["security.protocol": "ssl", "ssl.ca.pem": Certificates.certificate]

    private static func over(_ properties: [String: String]) -> [String: String] {
        tls.merging(properties) { $1 }
    }

    static let cases: [SecurityCase] = [
        SecurityCase("TLS", .tls(.ofTests)),
        SecurityCase("TLS by name", tls),
        SecurityCase("more of TLS by name", .tls(.ofTests), ["ssl.cipher.suites": "DEFAULT"]),
        SecurityCase(
            "texts",
            .tls(.ofTests(.pem(certificate: Certificates.certificate, key: KafkaSecret(Certificates.key))))
        ),

        SecurityCase(
            "TLS with a protocol that ignores it",
            ["ssl.ca.location": "/etc/ca.pem"],
            says: "`ssl.ca.location` is set, but would be ignored",
            "set `security.protocol` to ssl"
        ),
        SecurityCase(
            "TLS with a mechanism that is not over TLS",
            [
                "security.protocol": "sasl_plaintext", "sasl.mechanism": "PLAIN", "sasl.username": "a",
                "sasl.password": "hunter2", "ssl.key.password": "hunter2",
            ],
            says: "`ssl.key.password`",
            "`security.protocol` is sasl_plaintext",
            "set `security.protocol` to sasl_ssl"
        ),
        SecurityCase(
            "typed without TLS, and TLS by name",
            .saslWithoutTLS(.plain(username: "a", password: "hunter2")),
            ["ssl.ca.pem": Certificates.certificate],
            says: "`security` is `.saslWithoutTLS`",
            "use `security = .sasl(…)`"
        ),
        SecurityCase(
            "authorities typed and by name",
            .tls(.ofTests),
            ["ssl.ca.location": "/etc/ca.pem"],
            says: "`tls.certificateAuthorities` and the property `ssl.ca.location` are both set"
        ),
        SecurityCase(
            "host names typed and by name",
            .tls(
                {
                    var tls = KafkaTLS.ofTests; tls.isHostNameVerificationDisabled = true; return tls
                }()
            ),
            ["ssl.endpoint.identification.algorithm": "https"],
            says: "`tls.isHostNameVerificationDisabled`",
            "are both set"
        ),
        SecurityCase(
            "identity typed and by name",
            .tls(.ofTests(.pem(certificate: Certificates.certificate, key: KafkaSecret(Certificates.key)))),
            ["ssl.key.location": "/etc/key.pem"],
            says: "`tls.identity` and the property `ssl.key.location` are both set"
        ),
        SecurityCase(
            "certificate without key",
            over(["ssl.certificate.pem": Certificates.certificate]),
            says: "`ssl.certificate.pem` is set without its private key",
            "`ssl.key.location`"
        ),
        SecurityCase(
            "key without certificate",
            over(["ssl.key.pem": Certificates.key]),
            says: "`ssl.key.pem` is set without its certificate",
            "`ssl.certificate.location`"
        ),
        SecurityCase(
            "passphrase without key",
            over(["ssl.key.password": "hunter2"]),
            says: "`ssl.key.password` is set, but there is no key"
        ),
        SecurityCase(
            "password without keystore",
            over(["ssl.keystore.password": "hunter2"]),
            says: "`ssl.keystore.password` is set, but there is no keystore"
        ),
        SecurityCase(
            "two keys",
            over([
                "ssl.key.pem": Certificates.key, "ssl.key.location": "/etc/key.pem",
                "ssl.certificate.pem": Certificates.certificate,
            ]),
            says: "`ssl.key.location` and `ssl.key.pem` are both set"
        ),
        SecurityCase(
            "an encrypted key without passphrase",
            .tls(.ofTests(.pem(certificate: Certificates.certificate, key: KafkaSecret(Certificates.encryptedKey)))),
            says: "`tls.identity` (ssl.key.pem)",
            "is encrypted",
            "passphrase"
        ),
        SecurityCase(
            "authorities that are no text of certificates",
            .tls(KafkaTLS(certificateAuthorities: .pem("/etc/ca.pem"))),
            says: "`tls.certificateAuthorities` (ssl.ca.pem)",
            "in PEM format",
            "`ssl.ca.location`"
        ),
        SecurityCase(
            "a key that is none",
            .tls(.ofTests(.pem(certificate: Certificates.certificate, key: "hunter2"))),
            says: "`tls.identity` (ssl.key.pem)",
            "a private key in PEM format"
        ),
        SecurityCase(
            "a text in place of a path",
            .tls(KafkaTLS(certificateAuthorities: .file(Certificates.certificate))),
            says: "`tls.certificateAuthorities` (ssl.ca.location) takes a file's path"
        ),
        SecurityCase(
            "no path",
            .tls(KafkaTLS(certificateAuthorities: .file(""))),
            says: "ssl.ca.location) is empty"
        ),
        SecurityCase(
            "authorities that are not there",
            .tls(KafkaTLS(certificateAuthorities: .file("/nowhere/ca.pem"))),
            says: "names /nowhere/ca.pem, which cannot be read: No such file or directory"
        ),
        SecurityCase(
            "a certificate that is not there",
            .tls(.ofTests(.files(certificate: "/nowhere/c.pem", key: "/nowhere/k.pem"))),
            says: "`tls.identity` (ssl.certificate.location) names /nowhere/c.pem",
            "No such file or directory"
        ),
        SecurityCase(
            "a keystore that is not there",
            .tls(.ofTests(.pkcs12(file: "/nowhere/k.p12", passphrase: "hunter2"))),
            says: "`tls.identity` (ssl.keystore.location) names /nowhere/k.p12"
        ),
        SecurityCase(
            "a list of revoked certificates that is not there",
            over(["ssl.crl.location": "/nowhere/crl.pem"]),
            says: "`ssl.crl.location` names /nowhere/crl.pem"
        ),
    ]

    @Test(arguments: cases)
    func everyClientSaysTheSame(_ example: SecurityCase) throws {
        try example.check()
    }

    @Test
    func filesInTheWrongFormatAreNamed() throws {
        try Certificates.withFiles { path in
            let certificate = path("certificate.pem")
            for example in [
                SecurityCase("right", .tls(.ofTests(.files(certificate: certificate, key: path("key.pem"))))),
                SecurityCase("authorities", .tls(KafkaTLS(certificateAuthorities: .file(certificate)))),
                SecurityCase(
                    "no certificate",
                    .tls(KafkaTLS(certificateAuthorities: .file(path("text")))),
                    says: path("text"),
                    "nothing in PEM format"
                ),
                SecurityCase(
                    "a truststore of Java",
                    .tls(KafkaTLS(certificateAuthorities: .file(path("java.jks")))),
                    says: path("java.jks"),
                    "Java",
                    "keytool"
                ),
                SecurityCase(
                    "a keystore for a certificate",
                    .tls(.ofTests(.files(certificate: path("keystore.p12"), key: path("key.pem")))),
                    says: path("keystore.p12"),
                    "in a binary format",
                    ".pkcs12"
                ),
                SecurityCase(
                    "a certificate for a key",
                    .tls(.ofTests(.files(certificate: certificate, key: certificate))),
                    says: "`tls.identity` (ssl.key.location)",
                    certificate,
                    "the private key"
                ),
                SecurityCase(
                    "a folder for a key",
                    .tls(.ofTests(.files(certificate: certificate, key: path("empty")))),
                    says: path("empty"),
                    "is a directory"
                ),
                SecurityCase(
                    "an encrypted key",
                    .tls(.ofTests(.files(certificate: certificate, key: path("encrypted.pem")))),
                    says: "ssl.key.location",
                    "is encrypted"
                ),
                SecurityCase(
                    "a certificate for a keystore",
                    .tls(.ofTests(.pkcs12(file: certificate, passphrase: "hunter2"))),
                    says: certificate,
                    "not a keystore in PKCS#12 format",
                    ".files"
                ),
                SecurityCase(
                    "a keystore of Java",
                    .tls(.ofTests(.pkcs12(file: path("java.jks"), passphrase: "hunter2"))),
                    says: path("java.jks"),
                    "keytool"
                ),
                SecurityCase(
                    "no password of a keystore",
                    .tls(.ofTests(.pkcs12(file: path("keystore.p12"), passphrase: ""))),
                    says: "`tls.identity` (ssl.keystore.password)",
                    "is empty"
                ),
            ] { try example.check() }
        }
    }

    // MARK: What OpenSSL finds

    @Test
    func identitiesAreTaken() throws {
        let refusals = try Certificates.withFiles { path in
            let pem = Certificates.certificate
            let passphrase = KafkaSecret(Certificates.passphrase)
            let encrypted = KafkaSecret(Certificates.encryptedKey)
            return [
                KafkaTLSIdentity.pem(certificate: pem, key: KafkaSecret(Certificates.key)),
                .pem(certificate: pem, key: encrypted, passphrase: passphrase),
                .files(certificate: path("certificate.pem"), key: path("key.pem")),
                .files(certificate: path("certificate.pem"), key: path("encrypted.pem"), passphrase: passphrase),
                .pkcs12(file: path("keystore.p12"), passphrase: passphrase),
            ].map { refusal(of: $0) }
        }
        #expect(refusals.count == 5 && refusals.allSatisfy { $0 == nil }, "\(refusals)")
    }

    @Test
    func whatOpenSSLRefusesIsExplained() throws {
        try Certificates.withFiles { path in
            let pem = Certificates.certificate
            let file = path("certificate.pem")
            let examples: [(KafkaTLSIdentity, [String])] = [
                (
                    .files(certificate: file, key: path("encrypted.pem"), passphrase: "hunter2"),
                    ["\(path("encrypted.pem")) cannot be decrypted", "passphrase"]
                ),
                (
                    .pem(certificate: pem, key: KafkaSecret(Certificates.encryptedKey), passphrase: "hunter2"),
                    ["the private key (`ssl.key.pem`) cannot be decrypted", "passphrase"]
                ),
                (
                    .files(certificate: file, key: path("other.pem")),
                    ["the private key in \(path("other.pem")) does not belong to the certificate in \(file)"]
                ),
                (
                    .pem(certificate: pem, key: KafkaSecret(Certificates.otherKey)),
                    ["the private key (`ssl.key.pem`) does not belong to the certificate (`ssl.certificate.pem`)"]
                ),
                (
                    .files(certificate: file, key: path("damaged.pem")),
                    ["the private key in \(path("damaged.pem")) cannot be read", "damaged"]
                ),
                (
                    .pkcs12(file: path("keystore.p12"), passphrase: "hunter2"),
                    ["\(path("keystore.p12")) cannot be opened", "password"]
                ),
            ]
            for (identity, parts) in examples {
                let error = try #require(refusal(of: identity), "\(identity)")
                print("refused, \(identity): \(error)")
                #expect(error.code == .invalidConfiguration)
                #expect(error.underlyingError is KafkaError)
                for part in parts { #expect(error.message.contains(part), "\(error)") }
                #expect(!"\(error)".contains("hunter2"))
            }
        }
    }

    /// What a client with this identity says at its start.
    private func refusal(of identity: KafkaTLSIdentity) -> KafkaError? {
        var configuration = KafkaAdminConfiguration(bootstrapServers: ["127.0.0.1:1"])
        configuration.log = .none
        configuration.security = .tls(.ofTests(identity))
        do throws(KafkaError) {
            let engine = try configuration.engineConfiguration()
            try Handle.make(.admin, engine, security: configuration.security).destroy()
            return nil
        } catch {
            return error
        }
    }

    @Test
    func aCheckThatWouldNotBeAskedIsRefused() throws {
        var tls = KafkaTLS.ofTests
        tls.certificateCheck = { _ in false }
        try SecurityCase("a check", .tls(tls)).check()
        try SecurityCase(
            "a check without verification",
            .tls(tls),
            ["enable.ssl.certificate.verification": "false"],
            says: "`tls.certificateCheck`",
            "`enable.ssl.certificate.verification` is false"
        ).check()
    }

    @Test
    func authoritiesThatWouldNotBeAskedAreRefused() throws {
        let unverified = ["enable.ssl.certificate.verification": "false"]
        try SecurityCase("no verification", unverified.merging(["security.protocol": "ssl"]) { $1 }).check()
        try SecurityCase(
            "authorities without verification",
            .tls(.ofTests),
            unverified,
            says: "`tls.certificateAuthorities`"
        )
        .check()
        try SecurityCase(
            "authorities by name without verification",
            unverified.merging(Self.tls) { $1 },
            says: "`ssl.ca.pem` would be ignored",
            "`enable.ssl.certificate.verification` is false",
            "any broker trusted"
        ).check()
    }

    // MARK: Host names

    @Test
    func hostNamesAreVerifiedUnlessItIsSaid() throws {
        let property = "ssl.endpoint.identification.algorithm"
        var configuration = producerConfiguration(Self.tls)
        #expect(try configuration.values(property) == ["https"])
        configuration = producerConfiguration()
        configuration.security = .tls(.ofTests)
        #expect(try configuration.values(property) == ["https"])
        var tls = KafkaTLS.ofTests
        tls.isHostNameVerificationDisabled = true
        configuration.security = .tls(tls)
        #expect(try configuration.values(property) == ["none"])
        configuration.security = .tls(.ofTests)
        configuration.additionalProperties = [property: "none"]
        #expect(try configuration.values(property) == ["none"])
    }

    /// The engine's own default.
    @Test
    func theEngineVerifiesHostNames() {
        #expect(RdKafka.Configuration().value(of: "ssl.endpoint.identification.algorithm") == "https")
    }

    // MARK: The system's authorities

    @Test
    func theFirstPlaceWithCertificatesIsTaken() throws {
        try Certificates.withFiles { path in
            let places = [path("nowhere"), path("empty"), path("text"), path("certificate.pem"), path("key.pem")]
            #expect(TLSProperties.firstWithCertificates(places) == path("certificate.pem"))
            #expect(TLSProperties.firstWithCertificates(Array(places.prefix(3))) == nil)
            try Data(Certificates.certificate.utf8).write(to: URL(filePath: path("empty/5ed36f99.0")))
            #expect(TLSProperties.firstWithCertificates(places) == path("empty"))
        }
    }

    @Test
    func theSystemsAuthoritiesAreFoundOrAllPlacesAreNamed() throws {
        var configuration = producerConfiguration()
        configuration.security = .tls
        guard TLSProperties.firstWithCertificates(TLSProperties.systemPlaces) == nil else {
            let location = try #require(try configuration.values("ssl.ca.location").first ?? nil)
            #expect(TLSProperties.firstWithCertificates([location]) == location)
            configuration.security = .plaintext
            configuration.additionalProperties = ["security.protocol": "ssl", "ssl.ca.location": "probe"]
            #expect(try configuration.values("ssl.ca.location") == [location])
            return
        }
        let refusal = try #require(try configuration.refusal())
        for place in TLSProperties.systemPlaces { #expect(refusal.contains(place)) }
    }
}
