import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ChildProcessTests {
    @Test
    func aChildIsKilledAtALineOfItsOwn() async throws {
        let child = try shell(#"printf 'ready\nhal'; printf 'f\n%s' "$NAME"; read line"#, ["NAME": "last"])
        #expect(try await child.until { $0.contains("half") })
        #expect(try await child.kill() == .signal(SIGKILL))
        #expect(child.lines == ["ready", "half", "last"])
        #expect(try await !child.until { $0.contains("more") })
    }

    @Test
    func aChildThatEndsSaysHow() async throws {
        let child = try shell("echo done; exit 3")
        #expect(try await child.exit == .status(3))
        #expect(child.lines == ["done"])
        // Does no harm.
        try await child.kill()
    }

    /// The end of one's output is seen although another still runs.
    @Test
    func childrenDoNotHoldEachOthersPipes() async throws {
        let first = try shell("echo first; read line")
        let second = try shell("echo second; read line")
        #expect(try await first.until { $0 == ["first"] })
        #expect(try await second.until { $0 == ["second"] })
        #expect(try await first.kill() == .signal(SIGKILL))
        second.terminate()
        #expect(try await second.exit == .signal(SIGTERM))
    }

    private func shell(_ command: String, _ environment: [String: String] = [:]) throws -> ChildProcess {
        try ChildProcess("/bin/sh", ["-c", command], environment: environment)
    }
}
