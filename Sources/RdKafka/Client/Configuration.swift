import CRdKafka

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A librdkafka configuration being built; becomes part of the handle.
package struct Configuration: ~Copyable {
    private let pointer: OpaquePointer

    package enum SetResult: Sendable, Equatable {
        case ok
        /// The linked librdkafka has no property of that name.
        case unknown
        case invalid(String)
    }

    package init() {
        pointer = rd_kafka_conf_new()
    }

    deinit {
        rd_kafka_conf_destroy(pointer)
    }

    package func set(_ name: String, _ value: String) -> SetResult {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { text in
            switch rd_kafka_conf_set(pointer, name, value, text.baseAddress, text.count) {
            case RD_KAFKA_CONF_OK: .ok
            case RD_KAFKA_CONF_UNKNOWN: .unknown
            default: .invalid(text.baseAddress.map { String(cString: $0) } ?? "invalid value")
            }
        }
    }

    /// The value in force, nil if the property is unset or unknown.
    package func value(of name: String) -> String? {
        var size = 0
        guard rd_kafka_conf_get(pointer, name, nil, &size) == RD_KAFKA_CONF_OK, size > 0 else { return nil }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) { text in
            guard rd_kafka_conf_get(pointer, name, text.baseAddress, &size) == RD_KAFKA_CONF_OK else { return nil }
            return text.baseAddress.map { String(cString: $0) }
        }
    }

    /// The names of all properties that the linked librdkafka knows, from its own table.
    package static let propertyNames: Set<String> = {
        var text: UnsafeMutablePointer<CChar>?
        var size = 0
        guard let file = open_memstream(&text, &size) else { return [] }
        rd_kafka_conf_properties_show(file)
        fclose(file)
        defer { free(text) }
        guard let text else { return [] }
        var names: Set<String> = []
        for line in String(cString: text).split(separator: "\n") {
            // | name | C/P | range | default | importance | description
            let columns = line.split(separator: "|", omittingEmptySubsequences: false)
            guard columns.count >= 6 else { continue }
            let name = columns[0].trimmed.isEmpty ? columns[1].trimmed : columns[0].trimmed
            guard !name.isEmpty, name != "Property", !name.hasPrefix("-") else { continue }
            names.insert(name)
        }
        return names
    }()

    func copyPointer() -> OpaquePointer? {
        rd_kafka_conf_dup(pointer)
    }
}

extension Substring {
    fileprivate var trimmed: String {
        var text = self
        while text.last == " " { text.removeLast() }
        while text.first == " " { text.removeFirst() }
        return String(text)
    }
}
