/// A property as the user gave it, under whatever name.
struct GivenProperty: Sendable {
    var name: String
    var value: String
    var place: PropertyPlace
}

/// Where a property stands.
enum PropertyPlace: Sendable, Hashable, Comparable, CustomStringConvertible {
    case dictionary
    case environment(variable: String)
    case file(String, line: Int)

    /// As an error begins with it; empty for a dictionary.
    var description: String {
        switch self {
        case .dictionary: ""
        case .environment(let variable): "environment variable `\(PropertyNames.printable(variable))`"
        case .file(let file, let line): "\(PropertyNames.printable(file)):\(line)"
        }
    }

    /// In the order of a file, else by name.
    static func < (left: PropertyPlace, right: PropertyPlace) -> Bool {
        if case .file(let one, let number) = left, case .file(let other, let otherNumber) = right, one == other {
            return number < otherNumber
        }
        return left.description < right.description
    }

    /// An error about the property that stands there.
    func refusal(_ sentence: String) -> KafkaError {
        .invalid(self == .dictionary ? sentence : "\(self): \(sentence)")
    }
}

extension [GivenProperty] {
    /// Of a dictionary, in a fixed order: the same one always fails with the same error.
    static func of(_ properties: [String: String]) -> [GivenProperty] {
        properties.sorted { $0.key < $1.key }.map { GivenProperty(name: $0.key, value: $0.value, place: .dictionary) }
    }
}
