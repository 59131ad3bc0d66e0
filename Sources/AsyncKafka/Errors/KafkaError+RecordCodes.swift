// What brokers say about topics, partitions and records.
extension KafkaError.Code {
    /// The broker met an error that it has no code for. Look at the broker's log.
    public static let unknown = KafkaError.Code(rawValue: -1)
    /// The requested offset is not in the log: `requestedOffset` and `watermarks` say more. Seek to an offset that is.
    public static let offsetOutOfRange = KafkaError.Code(rawValue: 1)
    /// The record is damaged, or has no key though its topic is compacted.
    public static let corruptMessage = KafkaError.Code(rawValue: 2)
    /// The broker does not know the topic or partition. Check the name and the permission to see it, or create it.
    public static let unknownTopicOrPartition = KafkaError.Code(rawValue: 3)
    /// The size asked for in a fetch is not valid. Check the sizes in `fetch`.
    public static let invalidFetchSize = KafkaError.Code(rawValue: 4)
    /// The partition has no leader now. It gets one within seconds while a replica in sync is running.
    public static let leaderNotAvailable = KafkaError.Code(rawValue: 5)
    /// Another broker leads the partition now. librdkafka looks for it by itself.
    public static let notLeaderOrFollower = KafkaError.Code(rawValue: 6)
    /// The request took too long for the broker: what was asked for may still happen. Look before you call again.
    public static let requestTimedOut = KafkaError.Code(rawValue: 7)
    /// The broker is not running. Wait for it, or ask another.
    public static let brokerNotAvailable = KafkaError.Code(rawValue: 8)
    /// The broker has no such replica now. librdkafka asks another by itself.
    public static let replicaNotAvailable = KafkaError.Code(rawValue: 9)
    /// The record is larger than the producer or the topic allows. Raise `maxMessageBytes`, and the topic's
    /// `max.message.bytes`.
    public static let messageTooLarge = KafkaError.Code(rawValue: 10)
    /// A connection ended before the answer came. Call again.
    public static let networkException = KafkaError.Code(rawValue: 13)
    /// The topic's name is not allowed, or it is an internal topic. Use 1 to 249 of the characters a–z, A–Z, 0–9, `.`, `_` and
    /// `-`.
    public static let invalidTopic = KafkaError.Code(rawValue: 17)
    /// The batch is larger than a segment of the topic's log. Lower `batch.maxBytes`, or raise the topic's `segment.bytes`.
    public static let recordListTooLarge = KafkaError.Code(rawValue: 18)
    /// Fewer replicas are in sync than the topic asks for (`min.insync.replicas`); not written. Bring the brokers back.
    public static let notEnoughReplicas = KafkaError.Code(rawValue: 19)
    /// Written, but to fewer replicas than the topic asks for. Sending it again may duplicate it.
    public static let notEnoughReplicasAfterAppend = KafkaError.Code(rawValue: 20)
    /// The broker does not know these acknowledgements. Use `.none`, `.leader` or `.all`.
    public static let invalidRequiredAcks = KafkaError.Code(rawValue: 21)
    /// The record's time is too far from the broker's (`message.timestamp.before.max.ms` and `after`). Check the clocks, or the
    /// record.
    public static let invalidTimestamp = KafkaError.Code(rawValue: 32)
    /// The topic's message format is too old for this. Upgrade the topic's format.
    public static let unsupportedForMessageFormat = KafkaError.Code(rawValue: 43)
    /// The broker's disk failed. Another replica takes over; look at the broker.
    public static let kafkaStorageError = KafkaError.Code(rawValue: 56)
    /// The partition's leader has no listener of the name that this client uses. Give all brokers the same listeners.
    public static let listenerNotFound = KafkaError.Code(rawValue: 72)
    /// The client's knowledge of the partition's leader is older than the broker's. librdkafka asks again by itself.
    public static let fencedLeaderEpoch = KafkaError.Code(rawValue: 74)
    /// The client's knowledge of the partition's leader is newer than the broker's, which catches up within moments.
    public static let unknownLeaderEpoch = KafkaError.Code(rawValue: 75)
    /// The broker, or the request's version, does not know the codec. Choose another `compression`.
    public static let unsupportedCompressionType = KafkaError.Code(rawValue: 76)
    /// A new leader does not know yet where its log ends. Call again.
    public static let offsetNotAvailable = KafkaError.Code(rawValue: 78)
    /// The broker's own checks refuse the record. Look at the topic's settings and the message.
    public static let invalidRecord = KafkaError.Code(rawValue: 87)
    /// The client goes beyond its quota of changes. Call again later, or raise the quota.
    public static let throttlingQuotaExceeded = KafkaError.Code(rawValue: 89)
    /// The broker does not know the topic by its id: it was deleted, or made anew. librdkafka looks for it again.
    public static let unknownTopicID = KafkaError.Code(rawValue: 100)
    /// The topic was made anew under the same name. librdkafka looks for it again.
    public static let inconsistentTopicID = KafkaError.Code(rawValue: 103)
    /// The offset is in tiered storage, where a follower does not fetch it. Between brokers.
    public static let offsetMovedToTieredStorage = KafkaError.Code(rawValue: 109)
}
