import Testing

@testable import RdKafka

struct NetworkProbeTests {
    private func onThread<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await BlockingThreads.shared.run(body)
    }

    @Test
    func anAddressIsItsOwnName() async throws {
        let addresses = try await onThread {
            Result { () throws(NetworkProbe.Fault) in try NetworkProbe.resolve("127.0.0.1", port: 1, .any) }
        }.get()
        #expect(addresses.map(\.text) == ["127.0.0.1"])
        let other = await onThread {
            Result { () throws(NetworkProbe.Fault) in try NetworkProbe.resolve("127.0.0.1", port: 1, .ipv6) }
        }
        #expect(throws: NetworkProbe.Fault.self) { try other.get() }
    }

    @Test
    func aPortAtWhichNobodyListensRefuses() async throws {
        let fault = try await onThread {
            Result { () throws(NetworkProbe.Fault) in
                let address = try NetworkProbe.resolve("127.0.0.1", port: 1, .ipv4)[0]
                return NetworkProbe.connect(to: address, until: .now + .seconds(60))
            }
        }.get()
        #expect(fault?.kind == .refused)
        #expect(fault?.text.isEmpty == false)
    }
}
