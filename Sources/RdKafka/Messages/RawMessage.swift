import CRdKafka

/// A message that librdkafka still owns. Everything that is kept is copied out of it.
package struct RawMessage: ~Copyable, ~Escapable {
    private let message: UnsafePointer<rd_kafka_message_t>

    @_lifetime(borrow message)
    init(_ message: UnsafePointer<rd_kafka_message_t>) {
        self.message = message
    }

    package enum TimestampKind: Sendable {
        case none
        case createTime
        case logAppendTime
    }

    /// 0 for a message; an error of its partition, or its end, otherwise.
    package var error: Int32 { message.pointee.err.rawValue }

    /// The text of `error`, which for an error message is its payload.
    package var errorText: String {
        rd_kafka_message_errstr(message).map { String(cString: $0) } ?? EngineError.description(of: error)
    }

    /// Tells topics apart while messages of one drain are looked at; 0 if there is none.
    package var topicIdentity: UInt { UInt(bitPattern: message.pointee.rkt) }

    package var topic: String {
        guard let topic = message.pointee.rkt else { return "" }
        return String(cString: rd_kafka_topic_name(topic))
    }

    package var partition: Int32 { message.pointee.partition }

    package var offset: Int64 { message.pointee.offset }

    /// Bytes of the value, the part that `queued.max.messages.kbytes` counts.
    var valueSize: Int { message.pointee.len }

    /// Bytes of the key and the value.
    package var size: Int { message.pointee.len + message.pointee.key_len }

    /// Milliseconds since 1970, and what they mean.
    package var timestamp: (milliseconds: Int64, kind: TimestampKind) {
        var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let milliseconds = rd_kafka_message_timestamp(message, &kind)
        switch kind {
        case RD_KAFKA_TIMESTAMP_CREATE_TIME: return (milliseconds, .createTime)
        case RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME: return (milliseconds, .logAppendTime)
        default: return (-1, .none)
        }
    }

    package func key(_ slabs: inout SlabAllocator) -> ByteSlice? {
        message.pointee.key.map { slabs.copy($0, count: message.pointee.key_len) }
    }

    package func value(_ slabs: inout SlabAllocator) -> ByteSlice? {
        message.pointee.payload.map { slabs.copy($0, count: message.pointee.len) }
    }

    package func forEachHeader(_ slabs: inout SlabAllocator, _ body: (String, ByteSlice?) -> Void) {
        var headers: OpaquePointer?
        guard rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR, let headers else { return }
        var index = 0
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while rd_kafka_header_get_all(headers, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR {
            body(name.map { String(cString: $0) } ?? "", value.map { slabs.copy($0, count: size) })
            index += 1
        }
    }
}

/// The headers of a record on its way to librdkafka.
package struct HeaderList: ~Copyable {
    let pointer: OpaquePointer?

    package init(count: Int) {
        pointer = rd_kafka_headers_new(count)
    }

    package func add(_ name: String, _ value: ByteSlice?) {
        guard let value else {
            // With its length: a name may contain anything.
            rd_kafka_header_add(pointer, name, name.utf8.count, nil, -1)
            return
        }
        value.withUnsafeBytes { bytes in
            // A null pointer would be a null value; an empty one needs an address.
            withUnsafeBytes(of: UInt8(0)) { empty in
                _ = rd_kafka_header_add(
                    pointer,
                    name,
                    name.utf8.count,
                    bytes.baseAddress ?? empty.baseAddress,
                    bytes.count
                )
            }
        }
    }

    deinit {
        rd_kafka_headers_destroy(pointer)
    }

    /// Hands the headers over to librdkafka.
    consuming func release() -> OpaquePointer? {
        let pointer = pointer
        discard self
        return pointer
    }
}
