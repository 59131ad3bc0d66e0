/// A `--name VALUE` or `--name` option of an example.
public struct Option: Sendable {
    let name: String
    let defaultValue: String
    /// nil: any text.
    let minimum: Int?
    var isFlag = false
    let help: String

    /// An option that takes a whole number.
    public static func number(_ name: String, default value: Int, minimum: Int = 1, _ help: String) -> Option {
        Option(name: name, defaultValue: String(value), minimum: minimum, help: help)
    }

    /// An option that takes a text.
    public static func text(_ name: String, default value: String, _ help: String) -> Option {
        Option(name: name, defaultValue: value, minimum: nil, help: help)
    }

    /// An option without a value.
    public static func flag(_ name: String, _ help: String) -> Option {
        Option(name: name, defaultValue: "", minimum: nil, isFlag: true, help: help)
    }
}

/// The command line of an example.
struct Arguments: Sendable {
    static let servers = Option.text("bootstrap-servers", default: "", "HOST:PORT[,...] of a real cluster")

    private var values: [String: String] = [:]
    private(set) var isHelpWanted = false

    init(_ words: [String], options: [Option]) throws(ExampleError) {
        for option in options { values[option.name] = option.defaultValue }
        var words = words[...]
        while let word = words.popFirst() {
            if word == "--help" || word == "-h" {
                isHelpWanted = true
                continue
            }
            let parts = word.split(separator: "=", maxSplits: 1).map { String($0) }
            guard let option = options.first(where: { "--\($0.name)" == parts[0] }) else {
                throw ExampleError("unknown argument \(word); --help says what there is")
            }
            if option.isFlag, parts.count == 1 {
                values[option.name] = "yes"
                continue
            }
            guard let value = parts.count == 2 ? parts[1] : words.popFirst() else {
                throw ExampleError("--\(option.name) needs a value")
            }
            if let minimum = option.minimum {
                guard let number = Int(value), number >= minimum else {
                    throw ExampleError("--\(option.name) needs a number from \(minimum), not \(value)")
                }
            }
            values[option.name] = value
        }
    }

    func text(_ name: String) -> String {
        guard let value = values[name] else { preconditionFailure("no option is called \(name)") }
        return value
    }

    func number(_ name: String) -> Int {
        guard let number = Int(text(name)) else { preconditionFailure("\(name) is no number") }
        return number
    }

    static func usage(_ summary: String, options: [Option]) -> String {
        let width = options.map(\.name.count).max() ?? 0
        let lines = options.map { option in
            let name = option.name + String(repeating: " ", count: width - option.name.count)
            let value = option.defaultValue.isEmpty ? "" : " (\(option.defaultValue))"
            return "  --\(name)  \(option.help)\(value)"
        }
        return "\(summary)\nRuns on a mock cluster in this process, unless --bootstrap-servers is given.\n\n"
            + lines.joined(separator: "\n")
    }
}

/// Why an example failed, in a sentence.
public struct ExampleError: Error, CustomStringConvertible {
    /// The sentence.
    public let description: String

    /// An error with its sentence.
    public init(_ description: String) {
        self.description = description
    }
}
