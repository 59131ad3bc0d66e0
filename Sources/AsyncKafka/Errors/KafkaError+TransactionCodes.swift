// What brokers say about idempotent and transactional producers.
extension KafkaError.Code {
    /// A broker and an idempotent producer count differently. librdkafka takes a new epoch, or the producer has failed for
    /// good: see `isFatal`.
    public static let outOfOrderSequence = KafkaError.Code(rawValue: 45)
    /// The broker has the record already. It counts as delivered, without an offset.
    public static let duplicateSequence = KafkaError.Code(rawValue: 46)
    /// The producer's epoch has passed: a newer one with the same transactional id has taken over, or a transaction took too
    /// long.
    public static let invalidProducerEpoch = KafkaError.Code(rawValue: 47)
    /// The coordinator's transaction is in another state than the producer's. Close the producer and make a new one.
    public static let invalidTransactionState = KafkaError.Code(rawValue: 48)
    /// The coordinator has forgotten the transactional id, which expires when unused. Run the transaction again.
    public static let invalidProducerIDMapping = KafkaError.Code(rawValue: 49)
    /// `transactionTimeout` is more than the broker allows (`transaction.max.timeout.ms`). Lower it.
    public static let invalidTransactionTimeout = KafkaError.Code(rawValue: 50)
    /// A transaction of this producer is still being completed. Call again.
    public static let concurrentTransactions = KafkaError.Code(rawValue: 51)
    /// Another coordinator has taken over the transaction. Between brokers.
    public static let transactionCoordinatorFenced = KafkaError.Code(rawValue: 52)
    /// The broker has forgotten the producer, as its records are gone from the log. librdkafka takes a new epoch.
    public static let unknownProducerID = KafkaError.Code(rawValue: 59)
    /// A newer producer with the same transactional id has taken over. Close this one; make a new one only if no other is meant
    /// to use the id.
    public static let producerFenced = KafkaError.Code(rawValue: 90)
    /// The coordinator has no transaction of that id. Check it.
    public static let transactionalIDNotFound = KafkaError.Code(rawValue: 105)
    /// The transaction has to be aborted; the producer can go on with the next one.
    public static let transactionAbortable = KafkaError.Code(rawValue: 120)
}
