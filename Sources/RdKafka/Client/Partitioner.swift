import CRdKafka

/// A partitioner that is not librdkafka's own: librdkafka asks it, by a callback of C, where a record without a partition goes.
///
/// Belongs to one handle, which keeps it until `rd_kafka_destroy` has returned. librdkafka asks on the thread of whoever hands a
/// record over or, for records that came before the topic was known, on its main thread; both times with a lock of the topic's
/// held (rdkafka_msg.c, `rd_kafka_msg_partitioner`). A result that is no partition becomes librdkafka's "unknown partition":
/// it checks the upper bound alone, and -1 would have the record wait for a partition until it times out.
package final class Partitioner: Sendable {
    package typealias Choice = @Sendable (_ key: ByteSlice?, _ partitionCount: Int) -> Int

    /// What it said instead of a partition. A class, as hardly an outcome has one, and each would be larger by it.
    package final class Fault: Sendable, Equatable {
        package let result: Int
        package let partitionCount: Int

        package init(result: Int, partitionCount: Int) {
            self.result = result
            self.partitionCount = partitionCount
        }

        package static func == (left: Fault, right: Fault) -> Bool {
            left.result == right.result && left.partitionCount == right.partitionCount
        }
    }

    private let choice: Choice
    /// By the record's number. Each of them fails, and its report takes the fault out.
    private let faults = Locked<[UInt: Fault]>([:])

    package init(_ choice: @escaping Choice) {
        self.choice = choice
    }

    func takeFault(of opaque: UInt) -> Fault? {
        faults.withLock { $0.removeValue(forKey: opaque) }
    }

    private func choose(_ key: ByteSlice?, _ partitionCount: Int32, _ opaque: UInt) -> Int32 {
        let result = choice(key, Int(partitionCount))
        if result >= 0, result < Int(partitionCount) { return Int32(result) }
        faults.withLock { $0[opaque] = Fault(result: result, partitionCount: Int(partitionCount)) }
        return Int32.max
    }

    /// Makes it the partitioner of all topics of a client with this configuration. `reference` stands in for it in C.
    static func install(_ reference: Unmanaged<Partitioner>, in configuration: OpaquePointer) {
        let topicDefaults: OpaquePointer
        if let existing = rd_kafka_conf_get_default_topic_conf(configuration) {
            topicDefaults = existing
        } else if let new = rd_kafka_topic_conf_new() {
            rd_kafka_conf_set_default_topic_conf(configuration, new)
            topicDefaults = new
        } else {
            return
        }
        rd_kafka_topic_conf_set_opaque(topicDefaults, reference.toOpaque())
        rd_kafka_topic_conf_set_partitioner_cb(topicDefaults) { _, key, length, partitionCount, opaque, record in
            guard let opaque else { return Int32.max }
            let partitioner = Unmanaged<Partitioner>.fromOpaque(opaque).takeUnretainedValue()
            let bytes = key.map { ByteSlice(copying: UnsafeRawBufferPointer(start: $0, count: length)) }
            return partitioner.choose(bytes, partitionCount, UInt(bitPattern: record))
        }
    }
}

/// librdkafka's own partitioners that go by the key alone, called directly. They look at no topic (rdkafka_msg.c), so there is none.
package enum EnginePartitioner: Sendable {
    case consistent, murmur2, fnv1a

    /// - Precondition: `count` is above zero.
    package func partition(for key: ByteSlice?, count: Int32) -> Int32 {
        (key ?? .empty).withUnsafeBytes { bytes in
            // Without a key, and for an empty one alike, nothing is read.
            let address = bytes.baseAddress
            return switch self {
            case .consistent: rd_kafka_msg_partitioner_consistent(nil, address, bytes.count, count, nil, nil)
            case .murmur2: rd_kafka_msg_partitioner_murmur2(nil, address, bytes.count, count, nil, nil)
            case .fnv1a: rd_kafka_msg_partitioner_fnv1a(nil, address, bytes.count, count, nil, nil)
            }
        }
    }
}
