import CRdKafka

/// One row of librdkafka's topic-partition lists.
package struct PartitionOffset: Sendable, Hashable {
    /// No offset: librdkafka uses the committed one (`RD_KAFKA_OFFSET_INVALID`).
    package static let noOffset: Int64 = -1001
    /// No log has it: what is read from here finds nothing, and stops until it is sought.
    ///
    /// Not `noOffset`: librdkafka would ask the coordinator, and never read a partition whose request is refused as a whole, say because
    /// the coordinator moves (rdkafka_assignment.c, `rd_kafka_assignment_handle_OffsetFetch`; 2.0 to 2.9 at least).
    package static let unreachable = Int64.max / 2
    /// The end of a log (`RD_KAFKA_OFFSET_END`).
    package static let end: Int64 = -1
    /// The beginning of a log (`RD_KAFKA_OFFSET_BEGINNING`).
    package static let beginning: Int64 = -2

    package var topic: String
    package var partition: Int32
    package var offset: Int64
    package var metadata: String?
    /// The error of this row in a result, 0 if none.
    package var error: Int32 = 0

    package init(topic: String, partition: Int32, offset: Int64 = Self.noOffset, metadata: String? = nil) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.metadata = metadata
    }

    static func rows(of list: UnsafePointer<rd_kafka_topic_partition_list_t>?) -> [PartitionOffset] {
        guard let list = list?.pointee, let elements = list.elems else { return [] }
        return UnsafeBufferPointer(start: elements, count: Int(list.cnt)).map { element in
            var row = PartitionOffset(
                topic: element.topic.map { String(cString: $0) } ?? "",
                partition: element.partition,
                offset: element.offset
            )
            if let metadata = element.metadata, element.metadata_size > 0 {
                // Not beyond a NUL: librdkafka copies what a broker sends as a C string, yet keeps the size that was sent.
                let bytes = UnsafeRawBufferPointer(start: metadata, count: element.metadata_size).prefix { $0 != 0 }
                row.metadata = bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
            }
            row.error = element.err.rawValue
            return row
        }
    }

    /// Calls `body` with a C list that lives as long as the call.
    static func withList<Result>(
        _ rows: [PartitionOffset],
        _ body: (UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) -> Result
    ) -> Result {
        let list = rd_kafka_topic_partition_list_new(Int32(rows.count))
        defer { rd_kafka_topic_partition_list_destroy(list) }
        for row in rows {
            let element = rd_kafka_topic_partition_list_add(list, row.topic, row.partition)
            element?.pointee.offset = row.offset
            if let metadata = row.metadata, !metadata.isEmpty {
                // Freed with the list, by librdkafka's free(), which is the C library's. A NUL ends it.
                let copy = strdup(metadata)
                element?.pointee.metadata = UnsafeMutableRawPointer(copy)
                element?.pointee.metadata_size = copy.map { strlen($0) } ?? 0
            }
        }
        return body(list)
    }
}

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif
