import AsyncKafka
import ExampleSupport

/// Says who may write a topic, and who may read it as a group: as a step of a service's deployment.
///
/// Run as often as you like, it adds only the rules that are missing; with `--remove` it takes them away again. The account that
/// runs it needs the operation `alter` on the cluster.
@main
struct AccessControl {
    static func main() async {
        await Example.run(
            "Says who may write a topic, and who may read it.",
            options: [
                .text("topic", default: "orders", "what is written and read"),
                .text("writer", default: "User:shop", "who may write it"),
                .text("reader", default: "User:billing", "who may read it"),
                .text("group", default: "billing", "the group that the reader is in"),
                .flag("remove", "take the rules away"),
            ]
        ) { example in
            let rules = rules(example)
            guard !example.isMock else {
                for rule in rules { print("would add: \(rule)") }
                print("The mock cluster knows no access rules: this was the plan alone.")
                return
            }
            let configuration = KafkaAdminConfiguration(bootstrapServers: example.bootstrapServers)
            try await withKafkaAdmin(configuration) { admin in
                if example.flag("remove") {
                    try await remove(rules, admin)
                } else {
                    try await add(rules, admin)
                }
            }
        }
    }

    static func rules(_ example: Example) -> [KafkaACL] {
        let topic = KafkaACL.Resource.topic(example.text("topic"))
        let reader = example.text("reader")
        // To write or to read includes to describe.
        return [
            KafkaACL(principal: example.text("writer"), .write, topic),
            KafkaACL(principal: reader, .read, topic),
            KafkaACL(principal: reader, .read, .group(example.text("group"))),
        ]
    }

    static func add(_ rules: [KafkaACL], _ admin: KafkaAdmin) async throws {
        let known = Set(try await admin.describeACLs())
        for rule in rules where known.contains(rule) { print("is there: \(rule)") }
        let missing = rules.filter { !known.contains($0) }
        guard !missing.isEmpty else { return }
        let results = try await admin.createACLs(missing)
        for rule in missing {
            try results[rule]?.get()
            print("added: \(rule)")
        }
    }

    static func remove(_ rules: [KafkaACL], _ admin: KafkaAdmin) async throws {
        let results = try await admin.deleteACLs(rules.map { .exactly($0) })
        for result in results.values {
            for (rule, outcome) in try result.get() {
                try outcome.get()
                print("removed: \(rule)")
            }
        }
    }
}
