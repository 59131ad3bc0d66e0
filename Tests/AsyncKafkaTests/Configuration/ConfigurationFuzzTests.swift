import Dispatch
import RdKafka
import TestSupport
import Testing

@testable import AsyncKafka

/// Random names and values, for each kind of client and by each way in: nothing traps, and no secret is repeated.
@Suite struct ConfigurationFuzzTests {
    static let secret = "hunter2"

    /// Left out: the one loads libraries, the other is run by a shell.
    static let excluded = ["plugin.library.paths", "sasl.kerberos.kinit.cmd"]

    /// What is refused of a configuration, or would be printed of it, has nothing secret in it.
    private static func check(_ texts: String?...) {
        // Not an expectation each: they take most of the time.
        for case let text? in texts where text.contains(secret) { Issue.record("\(text)") }
    }

    #if THREAD_SANITIZER
        // One thread does it all: there it is only ten times slower.
        private static let pairs = 1000
    #else
        private static let pairs = 10_000
    #endif

    @Test func randomPropertiesNeverTrap() async {
        let seed = UInt64.random(in: .min ... .max)
        print("randomPropertiesNeverTrap: seed \(seed)")
        // It takes seconds, and the pool may have no other thread for those who have a time limit.
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            DispatchQueue(label: "fuzz").async {
                Self.run(seed)
                done.resume()
            }
        }
    }

    private static func run(_ seed: UInt64) {
        var random = Properties(seed: seed)
        var count = 0
        while count < pairs {
            let properties = random.next()
            count += properties.count
            let dictionary = Dictionary(properties, uniquingKeysWith: { $1 })
            switch count % 3 {
            case 0:
                let configuration = producerConfiguration(dictionary)
                check(refusal { () throws(KafkaError) in try configuration.engineConfiguration() }, "\(configuration)")
            case 1:
                let configuration = consumerConfiguration(dictionary)
                check(refusal { () throws(KafkaError) in try configuration.engineConfiguration() }, "\(configuration)")
            default:
                var configuration = KafkaAdminConfiguration(bootstrapServers: ["localhost"])
                configuration.additionalProperties = dictionary
                check(refusal { () throws(KafkaError) in try configuration.engineConfiguration() }, "\(configuration)")
            }
            let environment = Dictionary(
                properties.map { ("ASYNCKAFKA_" + $0.0.uppercased().replacing(".", with: "_"), $0.1) },
                uniquingKeysWith: { $1 }
            )
            let text = random.file(properties)
            let kind = [ClientKind.producer, .consumer, .admin][count / 3 % 3]
            check(
                refusal { () throws(KafkaError) in try PropertyReader(.of(dictionary), for: kind) },
                refusal { () throws(KafkaError) in
                    let given = try PropertiesInEnvironment.read(environment, prefix: "ASYNCKAFKA_", for: kind)
                    return try PropertyReader(given, for: kind)
                },
                refusal { () throws(KafkaError) in
                    try PropertyReader(PropertiesFile(Array(text.utf8), file: "x.properties").properties, for: kind)
                }
            )
        }
    }

    private static func refusal<Value: ~Copyable>(_ body: () throws(KafkaError) -> Value) -> String? {
        do throws(KafkaError) {
            _ = try body()
            return nil
        } catch {
            if error.code != .invalidConfiguration { Issue.record(error) }
            return error.description
        }
    }

    /// Names of librdkafka, of Java and of other clients, one in three of them changed; a value that is secret has the word in it.
    private struct Properties {
        private var random: SplitMix
        private let names: [String]
        private let shown = Set(
            Configuration.propertyNames.filter { !RedactedProperties.isSecret($0) }.map { PropertyNames.normalized($0) }
        )
        private let values = [
            "", "0", "1", "-1", "true", "false", "all", "none", "2147483647", "2147483648", "9223372036854775807",
            "9223372036854775808", "-9223372036854775809", "1.5", "nan", "1e400", "\0", "%s%n", "ä🙂", "a,b", "😀\n",
            "PLAIN",
            "PEM", "zstd", "org.apache.kafka.clients.consumer.RangeAssignor", #"A required username="a" password="b";"#,
        ]
        private let scalars: [Character] = Array("abz.019_- ,:;=%\\/\"'\n\0é🙂\u{202e}\u{301}")

        init(seed: UInt64) {
            random = SplitMix(state: seed)
            names = Configuration.propertyNames.union(PropertyNames.java.keys).union(PropertyNames.confluent.keys)
                .subtracting(ConfigurationFuzzTests.excluded).sorted()
        }

        mutating func next() -> [(String, String)] {
            (0...Int.random(in: 0..<3, using: &random)).compactMap { _ in
                let name = name()
                guard !ConfigurationFuzzTests.excluded.contains(PropertyNames.normalized(name)) else { return nil }
                let value = value()
                return (name, isShown(name) ? value : secretValue(value, name))
            }
        }

        /// Whether the name, or what a file or a variable makes of it, is that of a property whose value may be shown.
        private func isShown(_ name: String) -> Bool {
            // Scalars: a combining accent hides a separator from whoever looks at characters.
            guard !name.unicodeScalars.contains(where: { "=: \t\\\n".unicodeScalars.contains($0) }) else { return true }
            let plain = PropertyNames.normalized(name)
            let known = plain.hasPrefix("topic.") ? String(plain.dropFirst("topic.".count)) : plain
            return shown.contains(plain) || shown.contains(known)
        }

        private mutating func name() -> String {
            var name = Array(names.randomElement(using: &random) ?? "")
            if Int.random(in: 0..<3, using: &random) == 0 {
                for _ in 0...Int.random(in: 0..<3, using: &random) {
                    let place = Int.random(in: 0...name.count, using: &random)
                    if place < name.count, Bool.random(using: &random) {
                        name.remove(at: place)
                    } else {
                        name.insert(scalars.randomElement(using: &random) ?? "x", at: place)
                    }
                }
            }
            return String(name)
        }

        private mutating func value() -> String {
            if Bool.random(using: &random) { return values.randomElement(using: &random) ?? "" }
            return String(
                (0..<Int.random(in: 0..<20, using: &random)).map { _ in scalars.randomElement(using: &random) ?? "x" }
            )
        }

        private mutating func secretValue(_ value: String, _ name: String) -> String {
            let secret = ConfigurationFuzzTests.secret
            guard name == "sasl.jaas.config", Bool.random(using: &random) else { return value + secret }
            let module = ["Plain", "Scram", "OAuthBearer", secret].randomElement(using: &random) ?? ""
            return "a.\(module)LoginModule required username=\"\(secret)\" password=\"\(value)\(secret)\"; "
        }

        /// Lines as somebody might write them, escaped or not, and now and then a piece of a secret where a name is to stand.
        mutating func file(_ properties: [(String, String)]) -> String {
            var text = ""
            for (name, value) in properties {
                let separator = ["=", ":", " ", " = ", "\t"].randomElement(using: &random) ?? "="
                let isEscaped = Bool.random(using: &random)
                let written = isEscaped ? value.replacing("\\", with: "\\\\").replacing("\n", with: "\\n") : value
                // A line that ends within a secret leaves a piece of it as a name.
                text += "\(name)\(separator)\(written)\n"
                // Else it would go on with the next line, whose value may be secret.
                if written.hasSuffix("\\") { text += "\n" }
                switch Int.random(in: 0..<8, using: &random) {
                case 0: text += "\(ConfigurationFuzzTests.secret)\n"
                case 1: text += "# \(ConfigurationFuzzTests.secret)\n"
                case 2: text += "\\u\(String(Int.random(in: 0..<0x2_0000, using: &random), radix: 16))\n"
                default: break
                }
            }
            return text
        }
    }
}
