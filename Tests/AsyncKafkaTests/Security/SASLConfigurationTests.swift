import RdKafka
import Testing

@testable import AsyncKafka

struct SASLConfigurationTests {
    private static let tls = ["security.protocol": "sasl_ssl", "ssl.ca.pem": Certificates.certificate]
    private static let user = ["sasl.username": "alice", "sasl.password": "hunter2"]

    private static func over(_ properties: [String: String]...) -> [String: String] {
        properties.reduce(tls) { $0.merging($1) { $1 } }
    }

    static let cases: [SecurityCase] = [
        // Accepted.
        SecurityCase("PLAIN", .sasl(.plain(username: "alice", password: "hunter2"), tls: .ofTests)),
        SecurityCase("SCRAM-SHA-256", .sasl(.scramSHA256(username: "alice", password: "hunter2"), tls: .ofTests)),
        SecurityCase("SCRAM-SHA-512", .sasl(.scramSHA512(username: "alice", password: "hunter2"), tls: .ofTests)),
        SecurityCase("SASL without TLS, said aloud", .saslWithoutTLS(.plain(username: "a", password: "hunter2"))),
        SecurityCase(
            "Kerberos, with a ticket that is there",
            .saslWithoutTLS(.gssapi(KafkaKerberos(principal: "a@B")))
        ),
        SecurityCase("PLAIN by name", over(["sasl.mechanism": "PLAIN"], user)),
        SecurityCase(
            "without TLS by name",
            over(["security.protocol": "SASL_PLAINTEXT", "sasl.mechanisms": "PLAIN"], user)
                .filter { $0.key != "ssl.ca.pem" }
        ),
        SecurityCase(
            "unsecured tokens",
            over([
                "sasl.mechanism": "OAUTHBEARER", "enable.sasl.oauthbearer.unsecure.jwt": "true",
                "sasl.oauthbearer.config": "principal=hunter2",
            ])
        ),
        SecurityCase(
            "an own command for tickets",
            over(["sasl.mechanism": "GSSAPI", "sasl.kerberos.kinit.cmd": "true"])
        ),

        // Contradictions.
        SecurityCase(
            "password without protocol",
            user,
            says: "`sasl.password`",
            "`security` is `.plaintext`",
            "set `security.protocol` to sasl_ssl"
        ),
        SecurityCase(
            "mechanism without protocol",
            ["sasl.mechanism": "PLAIN"],
            says: "`sasl.mechanism`",
            "would be ignored",
            "sasl_ssl",
            "sasl_plaintext"
        ),
        SecurityCase(
            "SASL with a protocol that ignores it",
            ["security.protocol": "ssl", "sasl.mechanism": "PLAIN", "ssl.ca.pem": Certificates.certificate],
            says: "`sasl.mechanism`",
            "`security.protocol` is ssl",
            "without SASL"
        ),
        SecurityCase(
            "typed TLS and SASL by name",
            .tls(.ofTests),
            user,
            says: "`security` is `.tls`",
            "use `security = .sasl(…)`"
        ),
        SecurityCase(
            "password without mechanism",
            over(user),
            says: "`sasl.password` is set without a mechanism",
            "GSSAPI",
            "SCRAM-SHA-512"
        ),
        SecurityCase("protocol without mechanism", over(), says: "asks for a mechanism", "PLAIN"),
        SecurityCase(
            "typed and by name",
            .sasl(.plain(username: "alice", password: "hunter2"), tls: .ofTests),
            ["sasl.password": "hunter2"],
            says: "`security` and the property `sasl.password` are both set"
        ),
        SecurityCase(
            "typed, and the protocol by name",
            .sasl(.plain(username: "alice", password: "hunter2"), tls: .ofTests),
            ["security.protocol": "sasl_ssl"],
            says: "`security` and the property `security.protocol` are both set"
        ),
        SecurityCase(
            "typed, and the mechanism by its other name",
            .sasl(.plain(username: "alice", password: "hunter2"), tls: .ofTests),
            ["sasl.mechanism": "PLAIN"],
            says: "`security` and the property `sasl.mechanism` are both set"
        ),
        SecurityCase(
            "password for Kerberos",
            over(["sasl.mechanism": "GSSAPI", "sasl.kerberos.kinit.cmd": "true"], user),
            says: "`sasl.password`",
            "the mechanism is GSSAPI, which does not use it"
        ),
        SecurityCase(
            "password for tokens",
            .sasl(.oauthBearer(NoTokens()), tls: .ofTests),
            user,
            says: "`sasl.password`",
            "OAUTHBEARER"
        ),
        SecurityCase(
            "Kerberos for passwords",
            over(["sasl.mechanism": "PLAIN", "sasl.kerberos.keytab": "/a"], user),
            says: "`sasl.kerberos.keytab`",
            "the mechanism is PLAIN"
        ),
        SecurityCase(
            "token settings for passwords",
            over(["sasl.mechanism": "PLAIN", "sasl.oauthbearer.config": "hunter2"], user),
            says: "`sasl.oauthbearer.config`",
            "the mechanism is PLAIN"
        ),
        SecurityCase(
            "two sources of tokens",
            .sasl(.oauthBearer(NoTokens()), tls: .ofTests),
            ["enable.sasl.oauthbearer.unsecure.jwt": "true"],
            says: "token provider",
            "`enable.sasl.oauthbearer.unsecure.jwt`",
            "keep one"
        ),

        // What is missing.
        SecurityCase(
            "no user name",
            .sasl(.plain(username: "", password: "hunter2"), tls: .ofTests),
            says: "PLAIN needs a user name",
            "`security` (sasl.username) is empty"
        ),
        SecurityCase(
            "no password",
            .sasl(.scramSHA512(username: "alice", password: ""), tls: .ofTests),
            says: "SCRAM-SHA-512 needs a password",
            "`security` (sasl.password) is empty"
        ),
        SecurityCase(
            "no password by name",
            over(["sasl.mechanism": "PLAIN", "sasl.username": "alice"]),
            says: "PLAIN needs a password"
        ),
        SecurityCase(
            "a misspelled mechanism",
            over(["sasl.mechanism": "scram-sha-512"], user),
            says: "`sasl.mechanism` is \"scram-sha-512\", which is written SCRAM-SHA-512"
        ),
        SecurityCase(
            "an unknown mechanism",
            over(["sasl.mechanism": "DIGEST-MD5"], user),
            says: "DIGEST-MD5",
            "does not know",
            "SCRAM-SHA-256"
        ),
        SecurityCase(
            "no source of tokens",
            over(["sasl.mechanism": "OAUTHBEARER"]),
            says: "nothing gives any",
            ".oauthBearer(provider)",
            "for tests alone"
        ),
        SecurityCase(
            "unsecured tokens that are not said aloud",
            over(["sasl.mechanism": "OAUTHBEARER", "sasl.oauthbearer.config": "principal=hunter2"]),
            says: "`enable.sasl.oauthbearer.unsecure.jwt` = true"
        ),
        SecurityCase(
            "no principal",
            .saslWithoutTLS(.gssapi(KafkaKerberos(principal: ""))),
            says: "`security` (sasl.kerberos.principal) is empty"
        ),
        SecurityCase(
            "no keytab",
            over(["sasl.mechanism": "GSSAPI"]),
            says: "`sasl.kerberos.keytab`",
            "kinit",
            "sasl.kerberos.min.time.before.relogin"
        ),
        SecurityCase(
            "a keytab that is not there",
            .saslWithoutTLS(.gssapi(KafkaKerberos(principal: "a@B", keytab: "/nowhere/a.keytab"))),
            says: "/nowhere/a.keytab",
            "No such file or directory"
        ),
    ]

    @Test(arguments: cases)
    func everyClientSaysTheSame(_ example: SecurityCase) throws {
        try example.check()
    }

    /// Both become part of a line that a shell runs.
    @Test(
        .enabled(if: Engine.hasKerberos, "librdkafka \(Engine.version) was built without GSSAPI"),
        arguments: ["a; id", "$(id)", "a`id`", "a b", "a\"b", "a|b"]
    )
    func whatAShellWouldRunIsNoPrincipal(_ principal: String) throws {
        try Certificates.withFiles { path in
            let kerberos = KafkaKerberos(principal: principal, keytab: path("text"))
            let refusals = SecurityCase("", .saslWithoutTLS(.gssapi(kerberos))).refusals
            #expect(refusals.allSatisfy { $0.contains("the shell that runs `kinit`") }, "\(refusals)")
        }
    }

    @Test
    func principalsAreTaken() {
        for principal in ["orders@EXAMPLE.COM", "kafka/host-1.example.com@EXAMPLE.COM", "a_b", "/etc/keys/a.keytab"] {
            #expect(SASLProperties.firstForShell(principal) == nil)
        }
    }

    @Test(.enabled(if: Engine.hasKerberos, "librdkafka \(Engine.version) was built without GSSAPI"))
    func withoutAKeytabNothingIsRun() throws {
        var configuration = producerConfiguration()
        configuration.security = .saslWithoutTLS(.gssapi(KafkaKerberos(principal: "orders@EXAMPLE.COM")))
        let names = ["mechanisms", "kerberos.principal", "kerberos.service.name", "kerberos.min.time.before.relogin"]
        let engine = try configuration.engineConfiguration()
        #expect(names.map { engine.value(of: "sasl." + $0) } == ["GSSAPI", "orders@EXAMPLE.COM", "kafka", "0"])
    }

    @Test
    func aProgramIsLookedForInAllOfThePath() {
        #expect(SASLProperties.isInstalled("sh", in: "/nowhere:/bin"))
        #expect(!SASLProperties.isInstalled("sh", in: "/nowhere"))
        #expect(!SASLProperties.isInstalled("sh", in: ""))
    }

    @Test(arguments: [
        ("PLAIN", "sasl_plain"), ("SCRAM-SHA-256", "sasl_scram"), ("SCRAM-SHA-512", "sasl_scram"),
        ("GSSAPI", "sasl_gssapi"), ("OAUTHBEARER", "sasl_oauthbearer"),
    ])
    func aMechanismThatTheEngineLacksIsNoticed(_ mechanism: String, _ feature: String) {
        #expect(SASLProperties.missingFeature(for: mechanism, in: "gzip, ssl, \(feature), zstd") == nil)
        #expect(SASLProperties.missingFeature(for: mechanism, in: "gzip,ssl,sasl,\(feature)_more") == feature)
    }

    @Test
    func openIDConnectHasACounterpart() throws {
        // Engines that have it take the property.
        let features = RdKafka.Configuration().value(of: "builtin.features") ?? ""
        guard !features.contains("oidc") else { return }
        for name in [
            "sasl.oauthbearer.method", "sasl.oauthbearer.client.secret", "sasl.oauthbearer.token.endpoint.url",
        ] {
            for refusal in SecurityCase(name, [name: "oidc"]).refusals {
                #expect(refusal.contains("built without OpenID Connect"), "\(refusal)")
                #expect(refusal.contains("`\(name)`") && refusal.contains(".oauthBearer(provider)"), "\(refusal)")
            }
        }
    }

    /// librdkafka would take the unsecured ones without a word.
    @Test(
        .enabled(
            if: (RdKafka.Configuration().value(of: "builtin.features") ?? "").contains("oidc"),
            "librdkafka \(Engine.version) was built without OpenID Connect"
        )
    )
    func unsecuredTokensTakeThePlaceOfNoOthers() throws {
        try SecurityCase(
            "unsecured tokens beside others",
            Self.over([
                "sasl.mechanism": "OAUTHBEARER", "enable.sasl.oauthbearer.unsecure.jwt": "true",
                "sasl.oauthbearer.method": "oidc",
            ]),
            says: "`enable.sasl.oauthbearer.unsecure.jwt`",
            "`sasl.oauthbearer.method`",
            "keep one of them"
        ).check()
    }

    @Test(arguments: [
        (KafkaSecurity.plaintext, "plaintext"), (.tls(.ofTests), "ssl"),
        (.sasl(.plain(username: "a", password: "b"), tls: .ofTests), "sasl_ssl"),
        (.saslWithoutTLS(.plain(username: "a", password: "b")), "sasl_plaintext"),
    ])
    func theProtocolFollows(_ security: KafkaSecurity, _ name: String) throws {
        var configuration = producerConfiguration()
        configuration.security = security
        #expect(try configuration.values("security.protocol") == [name])
    }
}
