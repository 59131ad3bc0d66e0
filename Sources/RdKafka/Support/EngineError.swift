import CRdKafka

/// What librdkafka says when something fails.
package struct EngineError: Error, Sendable {
    /// `rd_kafka_resp_err_t`: negative within librdkafka, positive from a broker.
    package var code: Int32
    package var message: String
    package var isFatal = false
    package var isRetriable = false
    package var requiresAbort = false

    package init(code: Int32, message: String? = nil, isFatal: Bool = false) {
        self.code = code
        self.message = message ?? Self.description(of: code)
        self.isFatal = isFatal
    }

    /// Takes over an error object; nil stays nil.
    init?(consuming error: OpaquePointer?) {
        self.init(error)
        if let error { rd_kafka_error_destroy(error) }
    }

    /// Reads an error object; nil stays nil.
    init?(_ error: OpaquePointer?) {
        guard let error else { return nil }
        code = rd_kafka_error_code(error).rawValue
        message = String(cString: rd_kafka_error_string(error))
        isFatal = rd_kafka_error_is_fatal(error) != 0
        isRetriable = rd_kafka_error_is_retriable(error) != 0
        requiresAbort = rd_kafka_error_txn_requires_abort(error) != 0
    }

    /// The text that librdkafka has for a code.
    package static func description(of code: Int32) -> String {
        String(cString: rd_kafka_err2str(rd_kafka_resp_err_t(code)))
    }

    /// All codes that the linked librdkafka knows, with their names.
    package static var table: [Int32: String] {
        var descriptions: UnsafePointer<rd_kafka_err_desc>?
        var count = 0
        rd_kafka_get_err_descs(&descriptions, &count)
        var table: [Int32: String] = [:]
        for description in UnsafeBufferPointer(start: descriptions, count: count) {
            // The array has holes, for numbers that nothing stands for.
            guard let name = description.name else { continue }
            table[description.code.rawValue] = String(cString: name)
        }
        return table
    }

    /// The name that librdkafka has for a code, such as `_TIMED_OUT` or `UNKNOWN_TOPIC_OR_PART`.
    package static func name(of code: Int32) -> String {
        String(cString: rd_kafka_err2name(rd_kafka_resp_err_t(code)))
    }
}

/// The version of the librdkafka that this process runs with.
package enum Engine {
    package static var version: String { String(cString: rd_kafka_version_str()) }

    /// `0xMMmmrrpp`: major, minor, revision, pre-release.
    package static var versionNumber: Int32 { rd_kafka_version() }

    /// What it was built with, as in `gzip` and `sasl_gssapi`.
    package static var features: [String] {
        (Configuration().value(of: "builtin.features") ?? "").split(separator: ",").map { $0.filter { $0 != " " } }
    }

    /// Whether a commit within a join costs the assignment (confluentinc/librdkafka#4059).
    package static var losesAssignments: Bool { versionNumber < 0x020a_0000 }
}
