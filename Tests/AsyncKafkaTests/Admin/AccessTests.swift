import RdKafka
import Testing

@testable import AsyncKafka

/// Access rules and users, as far as no broker is needed.
struct AccessTests {
    private func refusal(of rule: KafkaACL) -> KafkaError? {
        Result { () throws(KafkaError) in try rule.engineRule() }.error
    }

    @Test
    func aRuleComesBackAsItWas() throws {
        let rule = KafkaACL(
            principal: "User:a",
            .alterConfigs,
            .topics(prefix: "orders"),
            host: "127.0.0.1",
            permission: .deny
        )
        #expect(try KafkaACL(rule.engineRule()) == rule)
        #expect(rule.description == "deny User:a from 127.0.0.1 alterConfigs topic orders (prefixed)")
        #expect(KafkaACL(principal: "User:a", .read, .cluster).description == "allow User:a read cluster kafka-cluster")
    }

    @Test
    func whatCannotBeARuleIsRefusedHere() {
        #expect(refusal(of: KafkaACL(principal: "a", .read, .topic("b")))?.message.contains("User:a") == true)
        #expect(refusal(of: KafkaACL(principal: "User:a", .read, .topic("")))?.code == .invalidArgument)
        #expect(refusal(of: KafkaACL(principal: "User:a", .read, .topic("b\0")))?.code == .invalidArgument)
        let matching = KafkaACL.Resource(kind: .topic, name: "a", pattern: .matching)
        #expect(refusal(of: KafkaACL(principal: "User:a", .read, matching))?.message.contains("filters") == true)
        let unknown = KafkaACL.Resource(kind: .unknown, name: "a")
        #expect(refusal(of: KafkaACL(principal: "User:a", .read, unknown))?.code == .invalidArgument)
    }

    @Test
    func whatAFilterLeavesOutIsAny() throws {
        let any = try KafkaACLFilter().engineRule()
        #expect(
            any
                == AccessRule(
                    resource: 1,
                    name: nil,
                    pattern: 1,
                    principal: nil,
                    host: nil,
                    operation: 1,
                    permission: 1
                )
        )
        let rule = KafkaACL(principal: "User:a", .read, .group("b"))
        #expect(try KafkaACLFilter.exactly(rule).engineRule() == rule.engineRule())
    }

    @Test
    func aPasswordIsNotShown() throws {
        let change = KafkaSCRAMChange.set(password: "hush", of: "a", .sha512)
        var dumped = ""
        dump(change, to: &dumped)
        for text in ["\(change)", String(reflecting: change), dumped, "\([change])"] {
            #expect(!text.contains("hush"), "\(text)")
        }
        #expect(try change.engineChange().new?.password == Array("hush".utf8))
    }
}
