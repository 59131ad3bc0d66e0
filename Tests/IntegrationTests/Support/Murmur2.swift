/// The hash of Kafka's Java client (`org.apache.kafka.common.utils.Utils.murmur2`), written from its definition for the tests
/// alone: what they compare with is not what they test.
func murmur2(_ bytes: [UInt8]) -> Int32 {
    let multiplier: UInt32 = 0x5bd1_e995
    var hash = 0x9747_b28c ^ UInt32(bytes.count)
    let tail = bytes.count & ~3
    for start in stride(from: 0, to: tail, by: 4) {
        var word: UInt32 = 0
        for index in 0..<4 { word |= UInt32(bytes[start + index]) << UInt32(8 * index) }
        word &*= multiplier
        word ^= word >> 24
        word &*= multiplier
        hash &*= multiplier
        hash ^= word
    }
    if tail < bytes.count {
        for index in tail..<bytes.count { hash ^= UInt32(bytes[index]) << UInt32(8 * (index - tail)) }
        hash &*= multiplier
    }
    hash ^= hash >> 13
    hash &*= multiplier
    hash ^= hash >> 15
    return Int32(bitPattern: hash)
}

/// Where the Java client puts a record with that key.
func javaPartition(of key: [UInt8], partitions: Int) -> Int {
    Int(murmur2(key) & 0x7fff_ffff) % partitions
}
