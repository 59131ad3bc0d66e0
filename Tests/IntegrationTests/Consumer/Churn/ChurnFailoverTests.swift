import AsyncKafka
import RdKafka
import Testing

extension ThreeNodeTests {
    /// As `ChurnTests`, while nodes are killed.
    @Suite(.timeLimit(.minutes(15)))
    struct ChurnFailoverTests {
        /// A coordinator that was killed is replaced after a few seconds, in which nobody's heartbeat is answered: that is no reason
        /// to lose an assignment.
        private static let sessionTimeout = 20
        /// How many nodes are killed, one after the other.
        private static let kills = 2

        @Test(arguments: ["range", "cooperative-sticky"])
        func noMessageIsLostOrRepeatedWhileMembersComeAndGoAndNodesAreKilled(_ strategy: String) async throws {
            try await run(ChurnGroup.Plan(kind: strategy, sessionTimeout: Self.sessionTimeout))
        }

        @Test(.needsConsumerProtocol)
        func noMessageIsLostOrRepeatedInAGroupOfTheConsumerProtocolWhileNodesAreKilled() async throws {
            try await run(ChurnGroup.Plan(kind: "consumer", sessionTimeout: Self.sessionTimeout))
        }

        private func run(_ plan: ChurnGroup.Plan) async throws {
            let run = try await withNodes { nodes in
                try await ChurnRun.run(
                    plan,
                    replicationFactor: 3,
                    disturb: { group in
                        // One of them coordinates the group, or is the leader of some of its partitions.
                        for node in Nodes.numbers.shuffled().prefix(Self.kills) {
                            let before = group.counts.processed
                            try await group.until { $0.processed > before + 200 }
                            print("\(plan.kind): node \(node) is killed")
                            try await nodes.kill(node)
                            try await nodes.start(node)
                            while try await !nodes.areInSync(group.topic) {}
                        }
                    }
                )
            }
            // Nobody answers members that leave a coordinator as it is killed; several may do so in that moment.
            run.expectOrder(
                killsAtLeast: 0,
                unheardLeaves: max(2 * Self.kills, run.check.figures.members / 8),
                nodeKills: Self.kills
            )
        }
    }
}
