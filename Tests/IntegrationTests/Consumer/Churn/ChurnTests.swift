import AsyncKafka
import RdKafka
import TestSupport
import Testing

extension RealKafkaTests {
    /// Members of a group are processes that come and go: by `close`, by cancellation, by SIGKILL.
    @Suite(.timeLimit(.minutes(10)))
    struct ChurnTests {
        @Test(.needsKafkaTools, arguments: ["range", "cooperative-sticky"])
        func noMessageIsLostOrRepeatedWhileMembersComeAndGo(_ strategy: String) async throws {
            try await ChurnRun.run(ChurnGroup.Plan(kind: strategy)).expectOrder()
        }

        @Test(.needsKafkaTools, .needsConsumerProtocol)
        func noMessageIsLostOrRepeatedInAGroupOfTheConsumerProtocol() async throws {
            try await ChurnRun.run(ChurnGroup.Plan(kind: "consumer")).expectOrder()
        }

        // MARK: What the checks are worth

        @Test(.needsKafkaTools, arguments: ["range", "cooperative-sticky"])
        func withoutTheFenceMembersWorkOnTheSameMessages(_ strategy: String) async throws {
            let run = try await ChurnRun.run(
                // What a member has drained when a partition is taken away is what it should not deliver.
                ChurnGroup.Plan(kind: strategy, switchedOff: .fence, backlog: 2000),
                // It takes a few seconds.
                duration: .seconds(120),
                until: { $0.repeated > 30 }
            )
            // What is seen depends on who gets the partitions then: another member, or the same one again.
            #expect(
                run.check.violations.contains { violation in
                    switch violation {
                    case .behindTheFence, .twoAtOnce, .outOfOrder: true
                    default: false
                    }
                }
            )
            #expect(run.check.violations.contains { if case .duplicate = $0 { true } else { false } })
        }

        @Test(.needsKafkaTools, .needsEngineThatLosesAssignments)
        func withoutTheCommitHoldMembersLoseTheirPartitions() async throws {
            let run = try await ChurnRun.run(
                ChurnGroup.Plan(kind: "cooperative-sticky", switchedOff: .commitHold),
                // It takes a few seconds.
                duration: .seconds(120),
                until: { $0.lost > 0 }
            )
            #expect(run.check.violations.contains { if case .lost = $0 { true } else { false } })
        }
    }
}

extension Trait where Self == ConditionTrait {
    /// KIP-848 is complete from 2.12 on.
    static var needsConsumerProtocol: Self {
        .enabled(
            if: Engine.versionNumber >= 0x020c_0000,
            "group.protocol=consumer needs librdkafka 2.12 or newer; this is librdkafka \(Engine.version)"
        )
    }

    /// Newer ones survive a commit within a join (confluentinc/librdkafka#4059).
    static var needsEngineThatLosesAssignments: Self {
        .enabled(
            if: Engine.losesAssignments,
            "librdkafka 2.10 and newer lose no assignment to a commit; this is librdkafka \(Engine.version)"
        )
    }
}
