import CRdKafka
import Synchronization

/// One librdkafka client and the queues that belong to it.
///
/// Owned by a client's actor. Whatever is not marked thread-safe is called on the client's thread alone.
///
/// `@unchecked Sendable`: `rd_kafka_t` is thread-safe (rdkafka.h, "rd_kafka_t"); the mutable properties belong to the client's
/// thread or stand in a lock.
package final class Handle: @unchecked Sendable {
    package enum Kind: Sendable {
        case producer
        case consumer
        /// For administration alone; to librdkafka it is a producer that sends nothing.
        case admin
        /// For requests about one group; to librdkafka it is a consumer that never subscribes, so that it joins nothing. No client's
        /// thread serves it: see `ask`.
        case groupAdmin
    }

    let pointer: OpaquePointer
    private let kind: Kind
    /// What the client's thread sleeps in: reports, rebalances, commit results, errors.
    package let control: Queue
    /// What librdkafka has fetched; drained on demand. Consumers only.
    private(set) var messages: Queue?
    private var log: Queue?
    /// Raised when the message queue goes from empty to one.
    package let messagesArrived = Flag()
    package let logArrived = Flag()
    /// Whether partitions are read apart from each other.
    package internal(set) var isSplit = false
    var partitionQueues: [PartitionKey: PartitionQueue] = [:]
    /// Raised when the queue of a partition that is read apart goes from empty to one.
    package let partitionsArrived = Flag()
    /// What queues of messages begin with; nil where fetching needs no waking.
    private(set) var fetchPace: FetchPace?
    package let join: JoinObserver
    package let brokers: BrokerObserver
    package let certificates: CertificateVerifier
    private let topics: Locked<Topics>
    private var observerReference: Unmanaged<EngineObserver>?
    private let partitioner: Partitioner?
    private var partitionerReference: Unmanaged<Partitioner>?

    private struct Topics {
        var handles: [String: OpaquePointer] = [:]
        var last: (name: String, handle: OpaquePointer)?
    }

    /// Topic handles beyond this count are not cached; their records go by name.
    private static let topicLimit = 1000

    /// Creates the client. It starts librdkafka's own threads, and does not wait for a broker.
    package init(
        _ kind: Kind,
        _ configuration: consuming Configuration,
        partitioner: Partitioner? = nil,
        certificates: CertificateVerifier = CertificateVerifier()
    ) throws(EngineError) {
        let verifiesCertificates = CertificateVerifier.isNeeded(by: configuration)
        guard let copy = configuration.copyPointer() else { throw EngineError(code: -999) }
        let observer = EngineObserver(certificates)
        let reference = Unmanaged.passRetained(observer)
        EngineObserver.install(reference, in: copy)
        if verifiesCertificates { CertificateVerifier.install(in: copy) }
        let partitionerReference = partitioner.map { Unmanaged.passRetained($0) }
        if let partitionerReference { Partitioner.install(partitionerReference, in: copy) }
        let type: rd_kafka_type_t
        switch kind {
        case .producer:
            type = RD_KAFKA_PRODUCER
            rd_kafka_conf_set_events(
                copy,
                RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_STATS
                    | RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH
            )
        case .consumer:
            type = RD_KAFKA_CONSUMER
            rd_kafka_conf_set_events(
                copy,
                RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG
                    | RD_KAFKA_EVENT_STATS | RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH
            )
        case .admin, .groupAdmin:
            type = kind == .admin ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER
            rd_kafka_conf_set_events(
                copy,
                RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH
            )
        }
        var text = [CChar](repeating: 0, count: 512)
        guard let pointer = rd_kafka_new(type, copy, &text, text.count) else {
            let code = rd_kafka_last_error().rawValue
            // The configuration is left behind: librdkafka has freed the interceptors in it, and would once more (rdkafka.c, `fail:` of
            // `rd_kafka_new`; 2.0.2). A client starts rarely in vain.
            reference.release()
            partitionerReference?.release()
            let message = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            throw EngineError(code: code, message: message)
        }
        if kind == .consumer { rd_kafka_poll_set_consumer(pointer) }
        let queue =
            kind == .consumer ? rd_kafka_queue_get_consumer(pointer) : rd_kafka_queue_get_main(pointer)
        guard let queue else {
            rd_kafka_destroy(pointer)
            reference.release()
            partitionerReference?.release()
            throw EngineError(code: RD_KAFKA_RESP_ERR__UNKNOWN_GROUP.rawValue)
        }
        self.pointer = pointer
        self.kind = kind
        join = observer.join
        brokers = observer.brokers
        self.certificates = certificates
        observerReference = reference
        self.partitioner = partitioner
        self.partitionerReference = partitionerReference
        control = Queue(queue)
        topics = Locked(Topics())
        join.attach(to: control)
        if let queue = rd_kafka_queue_new(pointer) {
            let log = Queue(queue)
            log.raise(logArrived, waking: control)
            rd_kafka_set_log_queue(pointer, queue)
            self.log = log
            // Lines of the start were moved without a callback.
            logArrived.raise()
        }
        if kind == .consumer, let queue = rd_kafka_queue_new(pointer) {
            let messages = Queue(queue)
            messages.raise(messagesArrived, waking: control)
            self.messages = messages
            fetchPace = newFetchPace()
            messages.fetchPace = fetchPace
        }
    }

    /// `client.id#kind-number`, librdkafka's name for this client.
    package var name: String { String(cString: rd_kafka_name(pointer)) }

    // MARK: Any client

    /// Lines that librdkafka has logged since the last call.
    package func takeLogLine() -> (level: Int32, facility: String, text: String)? {
        while let event = log?.poll(timeout: 0) {
            // Written with each attempt; what follows it says the same, and is limited.
            if let line = event.logLine, line.facility != "SSLCERTVRFY" { return line }
        }
        return nil
    }

    /// The error that ended this client for good, if there is one. Thread-safe.
    package var fatalError: EngineError? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { text in
            let code = rd_kafka_fatal_error(pointer, text.baseAddress, text.count)
            guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
            return EngineError(
                code: code.rawValue,
                message: text.baseAddress.map { String(cString: $0) },
                isFatal: true
            )
        }
    }

    /// Has librdkafka behave as after a fatal error: its own hook for tests.
    package func triggerFatalError(code: Int32, reason: String) {
        rd_kafka_test_fatal_error(pointer, rd_kafka_resp_err_t(code), reason)
    }

    /// Destroys the client, waiting for librdkafka's threads. Nothing may use the handle any more.
    package func destroy() {
        // Queues of our own go first: rdkafka.h asks for it, and their callbacks end here.
        partitionQueues = [:]
        messages = nil
        log = nil
        topics.withLock { topics in
            for topic in topics.handles.values { rd_kafka_topic_destroy(topic) }
            topics = Topics()
        }
        // The control queue's reference lasts until the interceptors cannot call any more: it is no owner, so it may.
        let isConsumer = kind == .consumer || kind == .groupAdmin
        rd_kafka_destroy_flags(pointer, isConsumer ? RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE : 0)
        observerReference?.release()
        observerReference = nil
        partitionerReference?.release()
        partitionerReference = nil
    }

    // MARK: Producer

    /// Hands a record to librdkafka. Thread-safe; never blocks.
    ///
    /// The value is not copied: the caller keeps its storage until the record's report, or until `destroy()` returned.
    ///
    /// - Returns: 0, or the code of what is wrong; then librdkafka has not taken the record and no report comes.
    package func produce(
        topic: String,
        partition: Int32,
        key: ByteSlice?,
        value: ByteSlice?,
        headers: consuming HeaderList?,
        timestamp: Int64,
        opaque: UInt
    ) -> Int32 {
        var headers = headers
        let list = headers.take()?.release()
        let known = topicHandle(topic)
        guard known != nil || !topic.utf8.contains(0) else {
            // C would cut the name off there, and send the record elsewhere.
            if let list { rd_kafka_headers_destroy(list) }
            return RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION.rawValue
        }
        return withUnsafeTemporaryAllocation(of: rd_kafka_vu_t.self, capacity: 7) { arguments in
            // Key and value outlive the call: they are this method's parameters.
            defer { withExtendedLifetime((key, value)) {} }
            // A null pointer is a null key or value; empty ones need an address, which librdkafka does not read.
            let nothing = UnsafeMutableRawPointer(arguments.baseAddress)
            var argument = rd_kafka_vu_t()
            argument.vtype = RD_KAFKA_VTYPE_KEY
            argument.u.mem = .init(ptr: key.flatMap { $0.address ?? nothing }, size: key?.count ?? 0)
            arguments.initializeElement(at: 0, to: argument)
            argument.vtype = RD_KAFKA_VTYPE_VALUE
            argument.u.mem = .init(ptr: value.flatMap { $0.address ?? nothing }, size: value?.count ?? 0)
            arguments.initializeElement(at: 1, to: argument)
            argument.vtype = RD_KAFKA_VTYPE_PARTITION
            argument.u.i32 = partition
            arguments.initializeElement(at: 2, to: argument)
            argument.vtype = RD_KAFKA_VTYPE_TIMESTAMP
            argument.u.i64 = timestamp
            arguments.initializeElement(at: 3, to: argument)
            argument.vtype = RD_KAFKA_VTYPE_OPAQUE
            argument.u.ptr = UnsafeMutableRawPointer(bitPattern: opaque)
            arguments.initializeElement(at: 4, to: argument)
            var count = 5
            if let list {
                argument.vtype = RD_KAFKA_VTYPE_HEADERS
                argument.u.headers = list
                arguments.initializeElement(at: count, to: argument)
                count += 1
            }
            if let known {
                argument.vtype = RD_KAFKA_VTYPE_RKT
                argument.u.rkt = known
                arguments.initializeElement(at: count, to: argument)
                return produce(arguments.baseAddress, count + 1, list)
            }
            return topic.withCString { [count] name in
                var argument = rd_kafka_vu_t()
                argument.vtype = RD_KAFKA_VTYPE_TOPIC
                argument.u.cstr = name
                arguments.initializeElement(at: count, to: argument)
                return produce(arguments.baseAddress, count + 1, list)
            }
        }
    }

    private func produce(_ arguments: UnsafeMutablePointer<rd_kafka_vu_t>?, _ count: Int, _ list: OpaquePointer?)
        -> Int32
    {
        guard let error = rd_kafka_produceva(pointer, arguments, count) else { return 0 }
        defer { rd_kafka_error_destroy(error) }
        // librdkafka owns the headers only if it took the record.
        if let list { rd_kafka_headers_destroy(list) }
        return rd_kafka_error_code(error).rawValue
    }

    /// What the partitioner said about this record instead of a partition. Thread-safe.
    package func takePartitionerFault(of opaque: UInt) -> Partitioner.Fault? {
        partitioner?.takeFault(of: opaque)
    }

    private func topicHandle(_ name: String) -> OpaquePointer? {
        topics.withLock { topics in
            // Mostly the same one again: comparing is less than hashing.
            if let last = topics.last, last.name == name { return last.handle }
            if let topic = topics.handles[name] {
                topics.last = (name, topic)
                return topic
            }
            guard topics.handles.count < Self.topicLimit, !name.utf8.contains(0),
                let topic = rd_kafka_topic_new(pointer, name, nil)
            else { return nil }
            topics.handles[name] = topic
            topics.last = (name, topic)
            return topic
        }
    }

    /// Lifts the linger until nothing is queued, for `timeout` milliseconds at most. Blocks; for threads of our own.
    package func flush(timeout: Int32) -> Bool {
        rd_kafka_flush(pointer, timeout) == RD_KAFKA_RESP_ERR_NO_ERROR
    }

    /// Fails what is queued, and what is in flight as well if asked to. Reports come as events. Does not wait for librdkafka's broker
    /// threads, so what is handed over a moment later may be purged too.
    package func purge(inFlight: Bool) {
        rd_kafka_purge(
            pointer,
            RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_NON_BLOCKING | (inFlight ? RD_KAFKA_PURGE_F_INFLIGHT : 0)
        )
    }

    /// Fails what is queued, what is in flight, or both. Reports come as events. Blocks until each of librdkafka's broker threads
    /// has done its part, so that what is handed over later is not touched; for `BlockingThreads`.
    package func purge(queued: Bool, inFlight: Bool) {
        rd_kafka_purge(
            pointer,
            (queued ? RD_KAFKA_PURGE_F_QUEUE : 0) | (inFlight ? RD_KAFKA_PURGE_F_INFLIGHT : 0)
        )
    }

    // MARK: Consumer

    package func subscribe(_ topics: [String]) -> Int32 {
        PartitionOffset.withList(topics.map { PartitionOffset(topic: $0, partition: -1) }) { list in
            rd_kafka_subscribe(pointer, list).rawValue
        }
    }

    package var isCooperative: Bool {
        rd_kafka_rebalance_protocol(pointer).map { String(cString: $0) } == "COOPERATIVE"
    }

    /// Whether the assignment was lost, by eviction from the group, rather than revoked.
    package var isAssignmentLost: Bool { rd_kafka_assignment_lost(pointer) != 0 }

    /// The committed offsets of partitions. Blocks; for `BlockingThreads`.
    package func committed(
        _ partitions: [PartitionOffset],
        timeout: Int32
    ) -> Result<[PartitionOffset], EngineError> {
        PartitionOffset.withList(partitions) { list in
            let error = rd_kafka_committed(pointer, list, timeout)
            guard error == RD_KAFKA_RESP_ERR_NO_ERROR else { return .failure(EngineError(code: error.rawValue)) }
            return .success(PartitionOffset.rows(of: list))
        }
    }

    /// Reads partitions from now on, into the message queue, or each into its own.
    package func assign(_ partitions: [PartitionOffset], incremental: Bool) -> EngineError? {
        // The application's own forwarding outlives the assignment (RD_KAFKA_Q_F_FWD_APP).
        attach(partitions)
        if incremental, isCooperative { join.watchForJoins() }
        let error = PartitionOffset.withList(partitions) { list -> EngineError? in
            if incremental { return EngineError(consuming: rd_kafka_incremental_assign(pointer, list)) }
            let error = rd_kafka_assign(pointer, list)
            return error == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : EngineError(code: error.rawValue)
        }
        // But where a partition was read just before, librdkafka's main thread may only now stop that, which ends the forwarding
        // (rdkafka_partition.c, `rd_kafka_toppar_fetch_stop`). It is done once the thread has answered another call.
        _ = rd_kafka_rebalance_protocol(pointer)
        attach(partitions)
        messagesArrived.raise()
        return error
    }

    /// Stops reading partitions; nil means all.
    package func unassign(_ partitions: [PartitionOffset]?) -> EngineError? {
        defer { detach(partitions) }
        guard let partitions else {
            let error = rd_kafka_assign(pointer, nil)
            return error == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : EngineError(code: error.rawValue)
        }
        return PartitionOffset.withList(partitions) { list in
            EngineError(consuming: rd_kafka_incremental_unassign(pointer, list))
        }
    }

    /// Takes up to `count` messages out of the local queue, or out of a partition's own, without waiting.
    ///
    /// Drain, assign and unassign all run on the client's thread, and librdkafka discards what is outdated before it hands a
    /// message out. Yet before 2.1 its own thread may pause a partition (a rebalance does) within one call for a batch, which then
    /// drops messages that count as consumed: they would be skipped. There the messages are taken one by one.
    ///
    /// - Parameter isManual: whether no group gives partitions or takes them away, so that nobody pauses one but this thread.
    package func drain(
        _ count: Int,
        from queue: PartitionQueue? = nil,
        isManual: Bool,
        _ body: (borrowing RawMessage) -> Void
    ) -> Int {
        guard let messages = queue?.queue ?? messages else { return 0 }
        let inBatches = isManual || Self.batchesAreSound
        guard messages.fetchPace != nil else { return take(count, from: messages, inBatches, body) }
        let before = messages.count
        var bytes = 0
        let taken = take(count, from: messages, inBatches) { message in
            bytes += message.valueSize
            body(message)
        }
        let left = messages.count
        if messages.fetchPace?.drained(before, taken: taken, bytes: bytes, left: left) == true { wakeFetchers() }
        return taken
    }

    private func take(
        _ count: Int,
        from messages: Queue,
        _ inBatches: Bool,
        _ body: (borrowing RawMessage) -> Void
    ) -> Int {
        guard inBatches else { return takeOneByOne(count, from: messages, body) }
        return withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<rd_kafka_message_t>?.self, capacity: count) {
            list in
            let taken = rd_kafka_consume_batch_queue(messages.pointer, 0, list.baseAddress, count)
            guard taken > 0 else { return 0 }
            for index in 0..<taken {
                guard let message = list[index] else { continue }
                body(RawMessage(message))
                rd_kafka_message_destroy(message)
            }
            return taken
        }
    }

    private static let batchesAreSound = Engine.versionNumber >= 0x0201_0000

    private func takeOneByOne(_ count: Int, from queue: Queue, _ body: (borrowing RawMessage) -> Void) -> Int {
        for taken in 0..<count {
            guard let message = rd_kafka_consume_queue(queue.pointer, 0) else { return taken }
            body(RawMessage(message))
            rd_kafka_message_destroy(message)
        }
        return count
    }

    /// Starts a commit; its result is an event that carries `id`.
    package func commit(_ offsets: [PartitionOffset], id: UInt) -> Int32 {
        PartitionOffset.withList(offsets) { list in
            rd_kafka_commit_queue(pointer, list, control.pointer, nil, UnsafeMutableRawPointer(bitPattern: id)).rawValue
        }
    }

    /// Starts to leave the group. The control queue is to be served until `isClosed`.
    package func beginClose() -> EngineError? {
        join.closeBegins()
        return EngineError(consuming: rd_kafka_consumer_close_queue(pointer, control.pointer))
    }

    package var isClosed: Bool { rd_kafka_consumer_closed(pointer) != 0 }
}
