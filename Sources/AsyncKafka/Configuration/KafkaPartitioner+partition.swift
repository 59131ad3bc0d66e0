import RdKafka

extension KafkaPartitioner {
    /// Where a record with this key goes in a topic with so many partitions.
    ///
    /// `murmur2` and `murmur2Random` answer as the Java client's default partitioner does, the others as librdkafka places
    /// records; a custom one is asked. Nothing is sent, and no client is needed:
    ///
    /// ```swift
    /// let partition = KafkaPartitioner.murmur2Random.partition(for: "customer-1", count: 12)
    /// ```
    ///
    /// - Parameters:
    ///   - key: the record's key, nil for a record without one.
    ///   - count: how many partitions the topic has.
    /// - Returns: the partition's number; nil where chance decides: always for `random`, without a key for the partitioners
    ///   whose name ends in `Random`, and with an empty key for `consistentRandom`. Also nil if `count` is no number of
    ///   partitions (1 to 2,147,483,647), and if a custom partitioner gives a number that is no partition.
    public func partition(for key: KafkaBytes?, count: Int) -> Int? {
        guard count > 0, let count32 = Int32(exactly: count) else { return nil }
        let hash: EnginePartitioner
        switch kind {
        case .random: return nil
        case .consistentRandom where key?.isEmpty ?? true: return nil
        case .murmur2Random where key == nil: return nil
        case .fnv1aRandom where key == nil: return nil
        case .consistent, .consistentRandom: hash = .consistent
        case .murmur2, .murmur2Random: hash = .murmur2
        case .fnv1a, .fnv1aRandom: hash = .fnv1a
        case .custom(let function):
            let partition = function.choose(key, count)
            return partition >= 0 && partition < count ? partition : nil
        }
        return Int(hash.partition(for: key?.slice, count: count32))
    }
}
