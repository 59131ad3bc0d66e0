// What librdkafka itself says, in the order of its table: https://github.com/confluentinc/librdkafka/blob/master/src/rdkafka.h.
extension KafkaError.Code {
    /// What a broker sent could not be read: the network or a proxy may have damaged it. Look at the log; read on or seek past
    /// it.
    public static let badMessage = KafkaError.Code(rawValue: -199)
    /// Compressed records could not be unpacked: they are damaged, or their codec is not compiled into librdkafka. Seek past
    /// them.
    public static let badCompression = KafkaError.Code(rawValue: -198)
    /// The broker's connection ended because the client, or librdkafka's view of the broker, is gone. Make a new client.
    public static let destroyed = KafkaError.Code(rawValue: -197)
    /// librdkafka could not send a request or read its answer. Call again.
    public static let failed = KafkaError.Code(rawValue: -196)
    /// The connection to a broker failed or ended. librdkafka connects again; check the address and port if it goes on.
    public static let transport = KafkaError.Code(rawValue: -195)
    /// The system refused memory, a thread or a file descriptor. Raise the process's limits.
    public static let systemResource = KafkaError.Code(rawValue: -194)
    /// A host name could not be resolved. Check `bootstrapServers`, and what the brokers advertise.
    public static let resolve = KafkaError.Code(rawValue: -193)
    /// A record was not delivered within the delivery timeout. `persistence` says whether it may be in the log all the same.
    public static let deliveryTimedOut = KafkaError.Code(rawValue: -192)
    /// There is nothing more to read in the partition for now: an event, not a failure.
    public static let partitionEnd = KafkaError.Code(rawValue: -191)
    /// The partition does not exist, as far as the client knows. Check the number, or create it.
    public static let unknownPartition = KafkaError.Code(rawValue: -190)
    /// A file could not be read or written. Check that it is there, and its permissions.
    public static let fileSystem = KafkaError.Code(rawValue: -189)
    /// The topic does not exist, as far as the client knows. Check the name and the permission to see it, or create it.
    public static let unknownTopic = KafkaError.Code(rawValue: -188)
    /// No known broker can be reached. librdkafka goes on trying; check the brokers and the network.
    public static let allBrokersDown = KafkaError.Code(rawValue: -187)
    /// An argument or a setting is out of range. The message says which.
    public static let invalidArgument = KafkaError.Code(rawValue: -186)
    /// A time limit has passed. Call again, or with more time.
    public static let timedOut = KafkaError.Code(rawValue: -185)
    /// The producer's queue is full. Wait for deliveries, or raise `queue`.
    public static let queueFull = KafkaError.Code(rawValue: -184)
    /// Fewer replicas are in sync than the record asks for. Wait for the brokers to recover. (Of old versions of librdkafka.)
    public static let inSyncReplicasInsufficient = KafkaError.Code(rawValue: -183)
    /// librdkafka has learnt a new address of the broker. Nothing is to be done.
    public static let nodeUpdate = KafkaError.Code(rawValue: -182)
    /// TLS could not be set up. Check the certificates, the host's name, and that the port speaks TLS.
    public static let ssl = KafkaError.Code(rawValue: -181)
    /// There is no coordinator for the group yet. Call again.
    public static let waitingForCoordinator = KafkaError.Code(rawValue: -180)
    /// The client has no group, or not this one. Set `groupID`.
    public static let unknownGroup = KafkaError.Code(rawValue: -179)
    /// What was asked for is under way already. Wait for it.
    public static let inProgress = KafkaError.Code(rawValue: -178)
    /// An earlier call has to end first. Wait for it, then call again.
    public static let previousInProgress = KafkaError.Code(rawValue: -177)
    /// A subscription is in the way. Unsubscribe first.
    public static let existingSubscription = KafkaError.Code(rawValue: -176)
    /// Partitions are being assigned: an event within librdkafka.
    public static let assignPartitions = KafkaError.Code(rawValue: -175)
    /// Partitions are being revoked: an event within librdkafka.
    public static let revokePartitions = KafkaError.Code(rawValue: -174)
    /// Two uses exclude each other, as one topic under two settings. Keep one.
    public static let conflict = KafkaError.Code(rawValue: -173)
    /// librdkafka is in a state in which it does not do this. The message says what has to come first.
    public static let wrongState = KafkaError.Code(rawValue: -172)
    /// librdkafka does not know the protocol. Check `security.protocol`, or what the other members of the group use.
    public static let unknownProtocol = KafkaError.Code(rawValue: -171)
    /// The linked librdkafka cannot do this. Use a newer one, or one that is built with it.
    public static let notImplemented = KafkaError.Code(rawValue: -170)
    /// A broker refused the credentials. Check the mechanism, the user name and the password, or the token.
    public static let authentication = KafkaError.Code(rawValue: -169)
    /// Nothing is assigned, or nothing to commit. Nothing is to be done.
    public static let noOffset = KafkaError.Code(rawValue: -168)
    /// The answer belongs to an earlier state, as before a seek. It is dropped; nothing is to be done.
    public static let outdated = KafkaError.Code(rawValue: -167)
    /// A request waited for a connection until its time limit had passed. Check that the broker can be reached, then call
    /// again.
    public static let timedOutInQueue = KafkaError.Code(rawValue: -166)
    /// The linked librdkafka, or the broker, cannot do this. Use a newer one.
    public static let unsupportedFeature = KafkaError.Code(rawValue: -165)
    /// librdkafka waits for an answer about topics. Call again.
    public static let waitingForCache = KafkaError.Code(rawValue: -164)
    /// The operation was interrupted. Call again.
    public static let interrupted = KafkaError.Code(rawValue: -163)
    /// A key could not be turned into bytes. Neither librdkafka nor this library raises it; for code that serialises records.
    public static let keySerialization = KafkaError.Code(rawValue: -162)
    /// A value could not be turned into bytes. Neither librdkafka nor this library raises it; for code that serialises records.
    public static let valueSerialization = KafkaError.Code(rawValue: -161)
    /// A key could not be read. Neither librdkafka nor this library raises it; for code that deserialises messages.
    public static let keyDeserialization = KafkaError.Code(rawValue: -160)
    /// A value could not be read. Neither librdkafka nor this library raises it; for code that deserialises messages.
    public static let valueDeserialization = KafkaError.Code(rawValue: -159)
    /// Only a part of an answer has come. librdkafka reads on; nothing is to be done.
    public static let partial = KafkaError.Code(rawValue: -158)
    /// The object cannot be changed any more. Set it before the client is made.
    public static let readOnly = KafkaError.Code(rawValue: -157)
    /// There is no such entry. Check its name.
    public static let noEntry = KafkaError.Code(rawValue: -156)
    /// An answer ended too early: it is damaged, or of a version that librdkafka does not read.
    public static let underflow = KafkaError.Code(rawValue: -155)
    /// The object has another type than the call asks for.
    public static let invalidType = KafkaError.Code(rawValue: -154)
    /// librdkafka itself is to do it again. Nothing is to be done.
    public static let retry = KafkaError.Code(rawValue: -153)
    /// The record was removed from the queue before it was sent: it is not in the log. Send it again if it is still wanted.
    public static let purgedInQueue = KafkaError.Code(rawValue: -152)
    /// The record was given up while a broker was about to answer: it may be in the log. Sending it again may duplicate it.
    public static let purgedInFlight = KafkaError.Code(rawValue: -151)
    /// The client has failed for good. Close it and make a new one; `underlyingError` has the cause.
    public static let fatal = KafkaError.Code(rawValue: -150)
    /// librdkafka and a broker disagree about what was sent. Close the producer and make a new one.
    public static let inconsistent = KafkaError.Code(rawValue: -149)
    /// Going on would leave a gap in a partition's log, which `isGapless` forbids. Close the producer and make a new one.
    public static let gaplessGuarantee = KafkaError.Code(rawValue: -148)
    /// Nobody asked for messages for `group.maxPollInterval`, and the member has left its group. Process faster, or raise that
    /// interval.
    public static let maxPollExceeded = KafkaError.Code(rawValue: -147)
    /// There is no broker with that number. Check it against the cluster's description.
    public static let unknownBroker = KafkaError.Code(rawValue: -146)
    /// The client was not configured for this. Set what the message names.
    public static let notConfigured = KafkaError.Code(rawValue: -145)
    /// A newer client with the same identity has taken over. Close this one; make a new one only if no other is meant to use
    /// it.
    public static let fenced = KafkaError.Code(rawValue: -144)
    /// The application itself raised it.
    public static let application = KafkaError.Code(rawValue: -143)
    /// The group's assignment was lost by eviction. Others get the messages again; go on reading.
    public static let assignmentLost = KafkaError.Code(rawValue: -142)
    /// There was nothing to do.
    public static let noOperation = KafkaError.Code(rawValue: -141)
    /// No committed offset, or none that the log has, and `autoOffsetReset` says that this is an error. Seek to where to begin.
    public static let autoOffsetReset = KafkaError.Code(rawValue: -140)
    /// The partition's log ends before what was read from it: a leader without these messages has taken over. Seek to where to
    /// go on.
    public static let logTruncated = KafkaError.Code(rawValue: -139)
    /// Another record in the same batch is not valid, and the broker refused them all. Send this one again.
    public static let invalidDifferentRecord = KafkaError.Code(rawValue: -138)
    /// librdkafka has removed the broker, which has left the cluster. It turns to another one by itself.
    public static let brokerDestroyed = KafkaError.Code(rawValue: -137)
}
