import CRdKafka

/// One event of a queue; destroyed with the value.
///
/// `@unchecked Sendable`: an event is out of its queue and belongs to the one value; no thread of librdkafka's knows it.
package struct Event: ~Copyable, @unchecked Sendable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        rd_kafka_event_destroy(pointer)
    }

    /// Destroys the event now: only then do its records leave librdkafka's own count.
    package consuming func destroy() {}

    package enum Kind: Sendable {
        case deliveryReports
        case rebalance
        case commitResult
        case log
        case error
        case statistics
        /// A token for OAUTHBEARER is wanted: the first, or one in place of the last.
        case tokenWanted
        /// The answer to an admin request.
        case adminAnswer
        case other
    }

    package var kind: Kind {
        switch rd_kafka_event_type(pointer) {
        case RD_KAFKA_EVENT_DR: .deliveryReports
        case RD_KAFKA_EVENT_REBALANCE: .rebalance
        case RD_KAFKA_EVENT_OFFSET_COMMIT: .commitResult
        case RD_KAFKA_EVENT_LOG: .log
        case RD_KAFKA_EVENT_ERROR: .error
        case RD_KAFKA_EVENT_STATS: .statistics
        case RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH: .tokenWanted
        // The first are numbered, the later ones are flags, of which newer librdkafkas have more.
        case RD_KAFKA_EVENT_CREATETOPICS_RESULT...RD_KAFKA_EVENT_DELETECONSUMERGROUPOFFSETS_RESULT: .adminAnswer
        case RD_KAFKA_EVENT_CREATEACLS_RESULT...: .adminAnswer
        default: .other
        }
    }

    /// The error of the event as a whole, 0 if none.
    package var errorCode: Int32 { rd_kafka_event_error(pointer).rawValue }

    package var error: EngineError {
        var error = EngineError(
            code: errorCode,
            message: rd_kafka_event_error_string(pointer).map { String(cString: $0) }
        )
        error.isFatal = rd_kafka_event_error_is_fatal(pointer) != 0
        return error
    }

    /// The number that went in with the request.
    package var opaque: UInt { UInt(bitPattern: rd_kafka_event_opaque(pointer)) }

    package var partitions: [PartitionOffset] {
        PartitionOffset.rows(of: rd_kafka_event_topic_partition_list(pointer))
    }

    /// The text of an event of statistics.
    package var statistics: [UInt8] {
        guard let text = rd_kafka_event_stats(pointer) else { return [] }
        return Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
    }

    package var logLine: (level: Int32, facility: String, text: String)? {
        var facility: UnsafePointer<CChar>?
        var text: UnsafePointer<CChar>?
        var level: Int32 = 0
        guard rd_kafka_event_log(pointer, &facility, &text, &level) == 0, let facility, let text else { return nil }
        return (level, String(cString: facility), String(cString: text))
    }

    /// What became of one record.
    package struct DeliveryReport: Sendable {
        /// The number that was handed in with the record.
        package var opaque: UInt
        package var error: Int32
        package var partition: Int32
        package var offset: Int64
        /// Milliseconds since 1970, -1 if unknown.
        package var timestamp: Int64
        /// Whether the broker has set it.
        package var isLogAppendTime: Bool
        package var persistence: Persistence
    }

    /// Whether a record that failed may be in the log (`rd_kafka_message_status`).
    package enum Persistence: Sendable {
        case no
        case possibly
        case yes
    }

    /// Appends the reports of the event and, if `topics` is there, the names of their topics.
    package func appendDeliveryReports(to reports: inout [DeliveryReport], topics: inout [String]?) {
        // Reports of one topic come together: its name is read once.
        var last: (topic: OpaquePointer, name: String)?
        reports.reserveCapacity(reports.count + rd_kafka_event_message_count(pointer))
        while let message = rd_kafka_event_message_next(pointer) {
            var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
            let timestamp = rd_kafka_message_timestamp(message, &kind)
            let persistence: Persistence =
                switch rd_kafka_message_status(message) {
                case RD_KAFKA_MSG_STATUS_NOT_PERSISTED: .no
                case RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED: .possibly
                default: .yes
                }
            reports.append(
                DeliveryReport(
                    opaque: UInt(bitPattern: message.pointee._private),
                    error: message.pointee.err.rawValue,
                    partition: message.pointee.partition,
                    offset: message.pointee.offset,
                    timestamp: kind == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : timestamp,
                    isLogAppendTime: kind == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME,
                    persistence: persistence
                )
            )
            if topics != nil, let topic = message.pointee.rkt {
                let name = last?.topic == topic ? last?.name : rd_kafka_topic_name(topic).map { String(cString: $0) }
                last = (topic, name ?? "")
                topics?.append(name ?? "")
            }
        }
    }
}

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif
