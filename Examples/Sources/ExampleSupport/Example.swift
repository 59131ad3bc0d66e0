import AsyncKafkaTesting
import Foundation

/// What an example runs with: brokers to talk to, and its options.
public struct Example: Sendable {
    private let arguments: Arguments
    private let mock: KafkaMockCluster?

    /// The brokers, for a client's configuration.
    public let bootstrapServers: [String]

    /// Whether they are a mock cluster in this process.
    public var isMock: Bool { mock != nil }

    /// The value of an option.
    public func text(_ option: String) -> String { arguments.text(option) }

    /// The value of an option that is a number.
    public func number(_ option: String) -> Int { arguments.number(option) }

    /// Whether a flag was given.
    public func flag(_ option: String) -> Bool { !arguments.text(option).isEmpty }

    /// Creates a topic on the mock cluster. On a real one it is there, or brokers create it when it is first used.
    public func createTopic(_ name: String, partitions: Int) async throws {
        try await mock?.createTopic(name, partitions: partitions)
    }

    /// Runs an example: reads the command line, starts a mock cluster unless there is a real one, and ends the process
    /// with an error if `body` throws. SIGTERM and SIGINT cancel the task that `body` runs in.
    public static func run(
        _ summary: String,
        options: [Option],
        _ body: @escaping @Sendable (Example) async throws -> Void
    ) async {
        writeByTheLine()
        let options = options + [Arguments.servers]
        do {
            let arguments = try Arguments(Array(CommandLine.arguments.dropFirst()), options: options)
            guard !arguments.isHelpWanted else {
                print(Arguments.usage(summary, options: options))
                return
            }
            let servers = arguments.text(Arguments.servers.name).split(separator: ",").map { String($0) }
            try await cancelledBySignals {
                guard servers.isEmpty else {
                    try await body(Example(arguments: arguments, mock: nil, bootstrapServers: servers))
                    return
                }
                try await withKafkaMockCluster { mock in
                    try await body(Example(arguments: arguments, mock: mock, bootstrapServers: mock.bootstrapServers))
                }
            }
        } catch {
            FileHandle.standardError.write(Data("error: \(error)\n".utf8))
            exit(1)
        }
    }
}
