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

    /// What the linked librdkafka says about one of its properties.
    package struct Property: Sendable, Equatable {
        package enum Scope: Sendable {
            case producer, consumer, both
        }

        package enum Kind: Sendable {
            case integer, number, other
            /// Callbacks and pointers, which are set through functions of their own.
            case dedicated
        }

        package var scope: Scope
        package var kind: Kind
        /// The property that this one is another name for; its own name otherwise.
        package var canonicalName: String
    }

    /// All properties that the linked librdkafka lists, by name, from its own table.
    ///
    /// Hidden ones (`client.software.name`) are missing, though `set` takes them.
    package static let properties: [String: Property] = {
        var text: UnsafeMutablePointer<CChar>?
        var size = 0
        guard let file = open_memstream(&text, &size) else { return [:] }
        rd_kafka_conf_properties_show(file)
        fclose(file)
        defer { free(text) }
        guard let text else { return [:] }
        var properties: [String: Property] = [:]
        var rest: UnsafeMutablePointer<CChar>? = text
        while let line = rest {
            let end = strchr(line, CInt(UInt8(ascii: "\n")))
            end?.pointee = 0
            rest = end.map { $0 + 1 }
            add(line, to: &properties)
        }
        return properties
    }()

    /// By bytes: looked at by characters, the table would be most of a client's start.
    private static func add(_ line: UnsafePointer<CChar>, to properties: inout [String: Property]) {
        // name | C/P | range | default | importance | description, with "Alias for `…`" and "*Type: …*" in it.
        let columns = UnsafeRawBufferPointer(start: line, count: strlen(line))
            .split(separator: UInt8(ascii: "|"), maxSplits: 5, omittingEmptySubsequences: false)
        guard columns.count == 6 else { return }
        let name = trimmed(columns[0])
        guard !name.isEmpty, name != "Property", !name.hasPrefix("-") else { return }
        let scope: Property.Scope =
            switch trimmed(columns[1]) {
            case "C": .consumer
            case "P": .producer
            default: .both
            }
        if let known = properties[name] {
            // The global property comes first and takes precedence over the topic's of the same name.
            if known.scope != scope { properties[name]?.scope = .both }
            return
        }
        let kind: Property.Kind =
            if strstr(line, "*Type: integer*") != nil {
                .integer
            } else if strstr(line, "*Type: float*") != nil {
                .number
            } else if strstr(line, "*Type: see dedicated API*") != nil {
                .dedicated
            } else {
                .other
            }
        let alias = "Alias for `"
        let canonicalName = strstr(line, alias).map { found in
            String(String(cString: found + alias.utf8.count).prefix { $0 != "`" })
        }
        properties[name] = Property(scope: scope, kind: kind, canonicalName: canonicalName ?? name)
    }

    private static func trimmed(_ column: Slice<UnsafeRawBufferPointer>) -> String {
        let space = UInt8(ascii: " ")
        let text = column.drop { $0 == space }
        guard let last = text.lastIndex(where: { $0 != space }) else { return "" }
        return String(decoding: text[...last], as: UTF8.self)
    }

    /// The names of all properties that the linked librdkafka lists.
    package static let propertyNames = Set(properties.keys)

    func copyPointer() -> OpaquePointer? {
        rd_kafka_conf_dup(pointer)
    }
}

/// The process's standard error.
package enum StandardError {
    /// Writes `text` with a single call, so that lines of several threads do not mix. Blocks while a pipe is full.
    package static func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            #if canImport(Darwin)
                _ = Darwin.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
            #else
                _ = Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
            #endif
        }
    }
}
