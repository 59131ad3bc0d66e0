#if os(Linux)
    import AsyncKafka
    import Foundation
    import Testing

    extension RealKafkaTests {
        @Suite(.timeLimit(.minutes(1)))
        struct IdleClientTests {
            /// In a process of its own, where no other test has clients.
            @Test
            func anIdleClientMakesNoContextSwitches() async throws {
                try await withTopic(partitions: 1) { topic in
                    try await withTopic(partitions: 1) { idleTopic in
                        let result = await #expect(
                            processExitsWith: .success,
                            observing: [\.standardOutputContent]
                        ) { [topic = topic as String, idleTopic = idleTopic as String] in
                            try await lookAtIdleClients(busyTopic: topic, idleTopic: idleTopic)
                        }
                        print(String(decoding: result?.standardOutputContent ?? [], as: UTF8.self), terminator: "")
                    }
                }
            }
        }
    }

    /// A producer and a consumer idle while another producer sends 2,000 records, each awaited.
    private func lookAtIdleClients(busyTopic: String, idleTopic: String) async throws {
        try await withKafkaProducer(RealKafka.producer) { producer in
            try await producer.send(KafkaRecord(topic: busyTopic, value: "before"))
            let others = try ThreadCount.all()
            try await withKafkaProducer(RealKafka.producer) { idleProducer in
                try await idleProducer.send(KafkaRecord(topic: idleTopic, value: "the only one"))
                let configuration = RealKafka.consumer(group: RealKafka.uniqueName("group"), policy: .manual)
                try await withKafkaConsumer(configuration, subscribingTo: [idleTopic]) { idleConsumer in
                    _ = try await idleConsumer.events.first { $0.kind == .assigned }
                    _ = try await idleConsumer.messages.first { _ in true }
                    // Round trips of another client, until these have gone to sleep.
                    for _ in 0..<200 { try await producer.send(KafkaRecord(topic: busyTopic, value: "settle")) }

                    let before = try ThreadCount.all().filter { others[$0.key] == nil }
                    for _ in 0..<2000 { try await producer.send(KafkaRecord(topic: busyTopic, value: "busy")) }
                    let after = try ThreadCount.all().filter { before[$0.key] != nil }

                    let own = before.filter { $0.value.name.hasPrefix("kafka-") }
                    #expect(
                        Set(own.values.map { $0.name.prefix { !$0.isNumber } })
                            == ["kafka-prod-", "kafka-flush-", "kafka-cons-"]
                    )
                    for (id, thread) in own { #expect(after[id] == thread) }
                    let engine = before.filter { $0.value.name.hasPrefix("rdk:") }
                    let switches = engine.reduce(0) { sum, thread in
                        let now = after[thread.key] ?? thread.value
                        return sum + now.voluntary + now.involuntary - thread.value.voluntary - thread.value.involuntary
                    }
                    print(
                        """
                        idle producer and consumer: \(own.count) threads of the library's without a context switch, \
                        \(engine.count) of librdkafka's with \(switches)
                        """
                    )
                }
            }
        }
    }
#endif
