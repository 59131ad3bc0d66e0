import RdKafka

/// How a record without a partition gets one: librdkafka's `partitioner`, or a function of the program's own.
///
/// All producers of a topic have to use the same one, or records with the same key end in different partitions. The default,
/// `murmur2Random`, places keys as the Java client does; librdkafka's own default (`consistentRandom`) does not.
///
/// Two partitioners are equal if they are the same one of librdkafka's, or copies of the same custom one: functions cannot be
/// compared, so what two calls of `custom(_:)` return is never equal.
///
/// - Note: Records without a key that go to any partition do not change it with each record: see
///   ``KafkaProducerConfiguration/stickyPartitioningLinger``.
public struct KafkaPartitioner: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case random, consistent, consistentRandom, murmur2, murmur2Random, fnv1a, fnv1aRandom
        case custom(Function)
    }

    /// A function with an identity.
    final class Function: Sendable, Hashable {
        let choose: @Sendable (KafkaBytes?, Int) -> Int

        init(_ choose: @escaping @Sendable (KafkaBytes?, Int) -> Int) {
            self.choose = choose
        }

        static func == (left: Function, right: Function) -> Bool { left === right }

        func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
    }

    let kind: Kind

    /// Any partition.
    public static let random = KafkaPartitioner(kind: .random)
    /// CRC32 of the key; records without a key, or with an empty one, all go to the same partition.
    public static let consistent = KafkaPartitioner(kind: .consistent)
    /// CRC32 of the key; any partition for records without a key or with an empty one. librdkafka's default.
    public static let consistentRandom = KafkaPartitioner(kind: .consistentRandom)
    /// Murmur2 of the key as in the Java client; records without a key all go to the same partition.
    public static let murmur2 = KafkaPartitioner(kind: .murmur2)
    /// Murmur2 of the key, any partition for records without one: the Java client's placement.
    public static let murmur2Random = KafkaPartitioner(kind: .murmur2Random)
    /// FNV-1a of the key, as Sarama does; records without a key all go to the same partition.
    public static let fnv1a = KafkaPartitioner(kind: .fnv1a)
    /// FNV-1a of the key, any partition for records without one: Sarama's placement.
    public static let fnv1aRandom = KafkaPartitioner(kind: .fnv1aRandom)

    /// A partitioner written in Swift.
    ///
    /// ```swift
    /// configuration.partitioner = .custom { key, partitionCount in
    ///     // Customers of the first kind have a partition of their own.
    ///     if key?.first == UInt8(ascii: "A") || partitionCount == 1 { return 0 }
    ///     return 1 + (KafkaPartitioner.murmur2.partition(for: key, count: partitionCount - 1) ?? 0)
    /// }
    /// ```
    ///
    /// It is asked about every record that names no partition, with or without a key, once for each; only if
    /// ``KafkaProducerConfiguration/stickyPartitioningLinger`` is set above zero, librdkafka places those without a key itself.
    ///
    /// It runs synchronously on whatever thread sends or, for records that were sent before the client knew the topic, on
    /// librdkafka's own main thread, which serves the whole client: it has to be quick, must not block, and must not call the
    /// client. Calls come from several threads at once. It should depend on nothing but its arguments, or records of one key
    /// are not kept together.
    ///
    /// A result that is no partition of the topic, below zero or not below the count, fails that record with `unknownPartition`
    /// and a sentence that says what it was.
    ///
    /// - Parameter choose: takes the record's key, nil if it has none, and how many partitions the topic has, at least 1; returns
    ///   the partition's number.
    public static func custom(
        _ choose: @escaping @Sendable (_ key: KafkaBytes?, _ partitionCount: Int) -> Int
    ) -> KafkaPartitioner {
        KafkaPartitioner(kind: .custom(Function(choose)))
    }
}

extension KafkaPartitioner: CustomStringConvertible {
    /// librdkafka's name, such as `murmur2_random`, or `custom`.
    public var description: String {
        switch kind {
        case .random: "random"
        case .consistent: "consistent"
        case .consistentRandom: "consistent_random"
        case .murmur2: "murmur2"
        case .murmur2Random: "murmur2_random"
        case .fnv1a: "fnv1a"
        case .fnv1aRandom: "fnv1a_random"
        case .custom: "custom"
        }
    }
}

extension KafkaPartitioner {
    /// What `partitioner` is set to. A custom one takes precedence over whatever stands there.
    var engineName: String {
        if case .custom = kind { return Self.murmur2Random.description }
        return description
    }

    /// The function for librdkafka to call, for one client; nil for librdkafka's own.
    func engineCallback() -> Partitioner? {
        guard case .custom(let function) = kind else { return nil }
        return Partitioner { key, count in function.choose(key.map { KafkaBytes($0) }, count) }
    }
}
