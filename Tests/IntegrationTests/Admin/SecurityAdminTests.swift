import AsyncKafka
import Testing

extension RealKafkaTests {
    /// Access rules and users. The cluster has an authorizer, and the tests' own listener belongs to a super user.
    @Suite(.timeLimit(.minutes(1)))
    struct SecurityAdminTests {
        @Test
        func rulesAreAddedFoundAndRemoved() async throws {
            let user = "User:\(RealKafka.uniqueName("user"))"
            let prefix = RealKafka.uniqueName("topic")
            let rules: Set<KafkaACL> = [
                KafkaACL(principal: user, .read, .topics(prefix: prefix)),
                KafkaACL(principal: user, .read, .group("billing"), host: "127.0.0.1"),
                KafkaACL(principal: user, .delete, .topic("\(prefix)-a"), permission: .deny),
                KafkaACL(principal: user, .describe, .cluster),
            ]
            let odd = KafkaACL(principal: "nobody", .read, .topic("a"))
            try await withKafkaAdmin(RealKafka.admin) { admin in
                let results = try await admin.createACLs(Array(rules) + [odd])
                #expect(results.count == 5)
                for rule in rules { try results[rule]?.get() }
                let refused = await kafkaError { try results[odd]?.get() }
                #expect(refused?.code == .invalidArgument)
                #expect(refused?.message.contains("User:nobody") == true)

                let own = KafkaACLFilter(principal: user)
                while try await admin.describeACLs(own).count != 4 { try Task.checkCancellation() }
                #expect(try await Set(admin.describeACLs(own)) == rules)
                let applying = try await admin.describeACLs(
                    KafkaACLFilter(
                        resourceKind: .topic,
                        resourceName: "\(prefix)-a",
                        pattern: .matching,
                        principal: user
                    )
                )
                #expect(applying.map(\.operation.description).sorted() == ["delete", "read"])
                let denials = try await admin.describeACLs(KafkaACLFilter(principal: user, permission: .deny))
                #expect(denials.map(\.resource) == [.topic("\(prefix)-a")])

                let none = KafkaACLFilter(principal: "User:no-such-user")
                let deleted = try await admin.deleteACLs([.exactly(denials[0]), none])
                #expect(try deleted[.exactly(denials[0])]?.get().keys.map(\.self) == denials)
                #expect(try deleted[none]?.get().isEmpty == true)
                let rest = try #require(try await admin.deleteACLs([own])[own]?.get())
                #expect(Set(rest.keys) == rules.subtracting(denials))
                for result in rest.values { try result.get() }
                while try await !admin.describeACLs(own).isEmpty { try Task.checkCancellation() }
            }
        }

        @Test
        func anOldEngineSaysWhichOneKnowsTransactionalIDs() async throws {
            let rule = KafkaACL(principal: "User:\(RealKafka.uniqueName("user"))", .write, .transactionalID("a"))
            try await withKafkaAdmin(RealKafka.admin) { admin in
                if let error = await kafkaErrorIfAny({ try await admin.createACL(rule) }) {
                    #expect(error.code == .unsupportedFeature)
                    #expect(error.message.contains("2.6"))
                } else {
                    while try await admin.describeACLs(.exactly(rule)) != [rule] { try Task.checkCancellation() }
                    let deleted = try await admin.deleteACLs([.exactly(rule)])
                    #expect(try deleted[.exactly(rule)]?.get().count == 1)
                }
            }
        }

        @Test
        func usersAreAddedDescribedAndRemovedOrTheEngineSaysWhichOneCan() async throws {
            let user = RealKafka.uniqueName("user")
            try await withKafkaAdmin(RealKafka.admin) { admin in
                let set = KafkaSCRAMChange.set(password: "hush", of: user, .sha256, iterations: 4096)
                let unsupported = await kafkaErrorIfAny { try await admin.alterSCRAMUsers([set])[user]?.get() }
                if let unsupported {
                    #expect(unsupported.code == .unsupportedFeature)
                    #expect(unsupported.message.contains("2.2"))
                    let error = await kafkaError { try await admin.describeSCRAMUsers() }
                    #expect(error?.code == .unsupportedFeature)
                    return
                }
                while try await admin.describeSCRAMUsers()[user] == nil { try Task.checkCancellation() }
                let described = try await admin.describeSCRAMUsers([user, "no-such-user"])
                #expect(try described[user]?.get().iterations == [.sha256: 4096])
                let missing = await kafkaError { try described["no-such-user"]?.get() }
                #expect(missing?.code == .resourceNotFound)
                let results = try await admin.alterSCRAMUsers([
                    .remove(user, .sha256), .remove("no-such-user", .sha512),
                    .set(password: "hush", of: "few", .sha256, iterations: 1),
                    .set(password: "", of: "empty", .sha256),
                ])
                try results[user]?.get()
                #expect(await kafkaError { try results["no-such-user"]?.get() }?.code == .resourceNotFound)
                #expect(await kafkaError { try results["few"]?.get() }?.code == .unacceptableCredential)
                #expect(await kafkaError { try results["empty"]?.get() }?.code == .invalidArgument)
            }
        }
    }
}

extension RealKafkaTests {
    @Suite(.timeLimit(.minutes(2)), .needsSASL)
    struct RefusedAdminTests {
        @Test
        func aWrongPasswordIsToldLongBeforeTheTimeLimit() async throws {
            let sasl = SASL.configuration(user: "alice", password: "wrong")
            var configuration = KafkaAdminConfiguration(bootstrapServers: SASL.bootstrapServers)
            configuration.additionalProperties = sasl.additionalProperties
            configuration.log = .none
            try await withKafkaAdmin(configuration) { admin in
                let start = ContinuousClock.now
                let cluster = Task { try await admin.describeCluster() }
                let error = await kafkaError { try await admin.deleteTopic("orders") }
                #expect(error?.code == .authentication)
                #expect((error?.underlyingError as? KafkaError)?.code == .authentication)
                let other = await kafkaError { try await cluster.value }
                #expect(other?.code == .authentication)
                // The time limit of a call is a minute.
                #expect(ContinuousClock.now - start < .seconds(50))
                // What blocks goes on to its end; nobody waits for that.
                #expect(await admin.close() == 0)
            }
        }
    }
}
