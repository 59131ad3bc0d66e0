import RdKafka
import Testing

@testable import AsyncKafka

@Suite struct JavaNameTests {
    /// What has no counterpart yet needs words of its own: a name that is only "unknown" leaves the user alone.
    @Test(arguments: [("P", ClientKind.producer), ("C", .consumer), ("A", .admin)])
    func eachNameOfJavaIsKnownOrExplained(_ letter: String, _ kind: ClientKind) throws {
        for (name, kinds) in JavaNames.all where kinds.contains(letter) {
            let isKnown = Configuration.propertyNames.contains(name)
            let isExplained = PropertyNames.java[name] != nil || PropertyNames.newer[name] != nil
            #expect(isKnown || isExplained, "\(name)")
            // Java's own name is never answered with a guess.
            let refusal = try refusal { () throws(KafkaError) in try ConfigurationBuilder.check(kind, name, "1") }
            #expect(refusal?.contains("did you mean") != true, "\(name)")
        }
    }

    @Test func eachExplanationBelongsToAName() {
        let names = Set(JavaNames.all.map(\.name))
        // Of earlier or later releases of the Java clients, and of files that configure brokers as well.
        let others: Set<String> = ["sasl.oauthbearer.client.credentials.client.id"]
        for name in PropertyNames.java.keys where !others.contains(name) { #expect(names.contains(name), "\(name)") }
        for name in PropertyReader.javaNamesOfProducers { #expect(names.contains(name), "\(name)") }
        for name in PropertyReader.javaNamesOfConsumers { #expect(names.contains(name), "\(name)") }
    }

    @Test(arguments: [
        ("on_delivery", "`deliveryReports`"), ("dr_msg_cb", "`deliveryReports`"), ("error_cb", "`events`"),
        ("stats_cb", "`statisticsInterval`"), ("throttle_cb", "quotas"), ("logger", "`log`"), ("log_cb", "`log`"),
        ("oauth_cb", "token provider"), ("default.topic.config", "beside the others"), ("partitioner_cb", ".custom"),
        ("on_assign", "`rebalanceHooks`"), ("on_commit", "`commit`"), ("schema.registry.url", "schema registry"),
        ("go.events.channel.enable", "for Go"), ("dotnet.producer.enable.background.poll", "for C#"),
        ("js.consumer.max.batch.size", "for JavaScript"), ("group.id", "a property of consumers"),
    ])
    func aNameOfConfluentsClientsGetsItsCounterpart(_ name: String, _ counterpart: String) throws {
        try expect(producerConfiguration([name: "hunter2"]).refusal(), says: "`\(name)`", counterpart)
    }
}
