import AsyncKafka
import AsyncKafkaTesting
import Foundation

/// AsyncKafka beside librdkafka in C and confluent-kafka-python, in the same rounds. `Scripts/benchmark --help` says how.
@main
struct Benchmark {
    static func main() {
        // The main thread stays. It would end in an asynchronous `main`, and valgrind crashes then.
        let isOver = DispatchSemaphore(value: 0)
        Task.detached {
            await begin()
            isOver.signal()
        }
        isOver.wait()
    }

    private static func begin() async {
        do {
            let arguments = Array(CommandLine.arguments.dropFirst())
            if arguments.first == "--job", arguments.count == 2 {
                try await Worker.run(arguments[1])
            } else if arguments == ["--instructions"] {
                try await Instructions.run()
            } else {
                let options = try Options(arguments)
                if let file = options.from {
                    try options.write(Report(reading: file))
                } else {
                    try await run(options)
                }
            }
        } catch {
            FileHandle.standardError.write(Data("benchmark: \(error)\n".utf8))
            exit(1)
        }
    }

    private static func run(_ options: Options) async throws {
        if let servers = ProcessInfo.processInfo.environment["KAFKA_BOOTSTRAP"] {
            let servers = servers.split(separator: ",").map { String($0) }
            try await Rounds(options, Cluster(servers: servers, isMock: false) { _ in }).run()
        } else {
            say(
                """
                No KAFKA_BOOTSTRAP: librdkafka's mock cluster is the broker. It keeps 5 MB a partition, so less is read; it has
                threads that compete for the processors; and it has a group's first member wait for three seconds. What counts is
                measured against a real broker.
                """
            )
            try await withKafkaMockCluster { mock in
                let cluster = Cluster(servers: mock.bootstrapServers, isMock: true) { topic in
                    try await mock.createTopic(topic, partitions: Cluster.partitions)
                }
                try await Rounds(options, cluster).run()
            }
        }
    }
}

/// Shown at once, into a file as well.
func say(_ text: String) {
    FileHandle.standardOutput.write(Data("\(text)\n".utf8))
}

struct Options {
    var rounds = 5
    /// Of the bulk modes; the others in proportion.
    var scale = 1.0
    var modes = Mode.comparison
    var seed = UInt64.random(in: 0 ... .max)
    var json: String?
    var svg: String?
    var markdown: String?
    /// A catalogue whose article Performance gets the tables and pictures.
    var document: String?
    /// Figures of an earlier run, instead of a new one.
    var from: String?
    /// Of `LD_PRELOAD`, for some of the jobs.
    var preload: String?
    var python: String?
    var script = ""
    /// Why there is no Python, for whoever reads the table.
    var pythonReason: String?
    var isShort = false

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        func value() throws -> String {
            guard let value = rest.popFirst() else { throw Failure("a value is missing") }
            return value
        }
        func number<Number: LosslessStringConvertible>() throws -> Number {
            let text = try value()
            guard let number = Number(text) else { throw Failure("\(text) is not a number") }
            return number
        }
        while let argument = rest.popFirst() {
            switch argument {
            case "--rounds": rounds = max(1, try number())
            case "--records": scale = Double(try number() as Int) / 1_000_000
            case "--seed": seed = try number()
            case "--json": json = try value()
            case "--svg": svg = try value()
            case "--markdown": markdown = try value()
            case "--document": document = try value()
            case "--from": from = try value()
            case "--preload": preload = try value()
            case "--python": python = try value()
            case "--script": script = try value()
            case "--no-python": pythonReason = try value()
            case "--short":
                isShort = true
                rounds = 1
                scale = 0.05
            case "--modes":
                let names = try value().split(separator: ",").map { String($0) }
                modes = try names.flatMap { name in
                    if name == "all" { return Mode.all }
                    let found = Mode.all.filter { $0.name == name || $0.name.hasPrefix("\(name)-") }
                    guard !found.isEmpty else {
                        throw Failure("no mode \(name); there are \(Mode.all.map(\.name).joined(separator: ", "))")
                    }
                    return found
                }
            default: throw Failure("unknown argument \(argument)")
            }
        }
        // What is no path is looked for by the dynamic linker.
        if let preload, preload.contains("/"), !FileManager.default.fileExists(atPath: preload) {
            throw Failure("there is no \(preload)")
        }
    }

    /// Writes what was asked for.
    func write(_ report: Report) throws {
        say(report.table)
        if let json { try report.json.write(to: URL(fileURLWithPath: json)) }
        if let svg { try Data(Plot(report, .comparison).svg.utf8).write(to: URL(fileURLWithPath: svg)) }
        if let markdown { try Data(Markdown(report).all.utf8).write(to: URL(fileURLWithPath: markdown)) }
        if let document { try Markdown(report).write(into: URL(fileURLWithPath: document)) }
    }
}

/// Random numbers that come again with the same seed: SplitMix64.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
