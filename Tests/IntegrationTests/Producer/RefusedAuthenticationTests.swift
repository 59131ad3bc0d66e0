import AsyncKafka
import Testing

extension RealKafkaTests {
    @Suite(.timeLimit(.minutes(1)), .needsSASL)
    struct RefusedAuthenticationTests {
        @Test
        func recordsFailWithTheBrokersAnswerLongBeforeTheDeliveryTimeout() async throws {
            var configuration = SASL.configuration(user: "alice", password: "wrong")
            configuration.connection.refusal = .fail(after: .seconds(2))
            let producer = try KafkaProducer(configuration)
            // The second one comes when librdkafka keeps the same refusal to itself.
            for number in 0..<2 {
                let start = ContinuousClock.now
                let error = await #expect(throws: KafkaError.self) {
                    try await producer.send(KafkaRecord(topic: "orders", key: "k", value: "v"))
                }
                let duration = ContinuousClock.now - start
                print(
                    "wrong password, limit 2 s: record \(number) failed after \(duration): \(error?.description ?? "")"
                )
                #expect(error?.code == .authentication)
                #expect(error?.persistence == .notPersisted)
                #expect((error?.underlyingError as? KafkaError)?.code == .authentication)
                #expect(duration < .seconds(20))
            }
            #expect(await producer.close().unsent == 0)
        }

        @Test
        func aProgramMayPreferToWait() async throws {
            var configuration = SASL.configuration(user: "alice", password: "wrong")
            configuration.connection.refusal = .keepRetrying
            configuration.deliveryTimeout = .seconds(15)
            let producer = try KafkaProducer(configuration)
            let error = await #expect(throws: KafkaError.self) {
                try await producer.send(KafkaRecord(topic: "orders", value: "v"))
            }
            #expect(error?.code == .deliveryTimedOut)
            let causes = [KafkaError.Code.authentication, .allBrokersDown, .transport]
            #expect(
                (error?.underlyingError as? KafkaError).map { causes.contains($0.code) } == true,
                "\(String(describing: error))"
            )
            await producer.close(timeout: .seconds(1))
        }

        @Test
        func theRightPasswordIsTaken() async throws {
            try await withTopic { topic in
                var configuration = SASL.configuration(user: "alice", password: "alice-secret")
                configuration.connection.refusal = .fail(after: .seconds(1))
                try await withKafkaProducer(configuration) { producer in
                    _ = try await producer.send(KafkaRecord(topic: topic, value: "v"))
                }
            }
        }
    }
}
