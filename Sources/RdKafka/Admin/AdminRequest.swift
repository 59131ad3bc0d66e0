import CRdKafka

/// One call of librdkafka's admin API: how it is sent, and how its answer is read.
///
/// The answer is an event of the client's control queue. Both closures run on the client's thread; neither waits for anything.
package struct AdminRequest<Answer: Sendable>: Sendable {
    /// What it is called in sentences: "create topics".
    package let name: String
    /// `rd_kafka_admin_op_t`, of this or of a newer librdkafka.
    let operation: UInt32
    var isValidatedOnly = false
    /// Whether a broker may have to wait for the others (`rd_kafka_AdminOptions_set_operation_timeout`).
    var hasOperationTimeout = false
    /// Whether offsets of open transactions are waited for.
    var requiresStableOffsets = false
    /// Sets what only a newer librdkafka has.
    var setOptions: (@Sendable (OpaquePointer) -> Void)?
    /// Gets the client, the options and the queue.
    let send: @Sendable (OpaquePointer, OpaquePointer, OpaquePointer) throws(EngineError) -> Void
    let read: @Sendable (OpaquePointer) -> Answer

    init(
        _ name: String,
        _ operation: rd_kafka_admin_op_t,
        send: @escaping @Sendable (OpaquePointer, OpaquePointer, OpaquePointer) throws(EngineError) -> Void,
        read: @escaping @Sendable (OpaquePointer) -> Answer
    ) {
        self.name = name
        self.operation = UInt32(operation.rawValue)
        self.send = send
        self.read = read
    }
}

extension Handle {
    /// Sends a request; its answer is an event of the control queue that carries `id`.
    ///
    /// - Parameters:
    ///   - timeout: milliseconds for all of it; then there is an event that says so.
    ///   - operationTimeout: milliseconds that a broker may take for it.
    package func send<Answer>(
        _ request: AdminRequest<Answer>,
        id: UInt64,
        timeout: Int32,
        operationTimeout: Int32
    ) throws(EngineError) {
        guard let options = rd_kafka_AdminOptions_new(pointer, rd_kafka_admin_op_t(request.operation)) else {
            throw EngineError(code: RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE.rawValue)
        }
        defer { rd_kafka_AdminOptions_destroy(options) }
        rd_kafka_AdminOptions_set_request_timeout(options, timeout, nil, 0)
        if request.hasOperationTimeout {
            rd_kafka_AdminOptions_set_operation_timeout(options, operationTimeout, nil, 0)
        }
        if request.isValidatedOnly {
            try EngineError.check { rd_kafka_AdminOptions_set_validate_only(options, 1, $0, $1) }
        }
        if request.requiresStableOffsets,
            let error = EngineError(consuming: rd_kafka_AdminOptions_set_require_stable_offsets(options, 1))
        {
            throw error
        }
        request.setOptions?(options)
        rd_kafka_AdminOptions_set_opaque(options, UnsafeMutableRawPointer(bitPattern: UInt(id)))
        try request.send(pointer, options, control.pointer)
    }

    /// Sends a request and waits for its answer. Blocks, for `BlockingThreads`; the handle belongs to the caller alone.
    ///
    /// - Parameters:
    ///   - timeout: milliseconds for all of it.
    ///   - goesOn: whether anybody waits for the answer; asked five times a second at least.
    ///   - problem: gets the errors that librdkafka reports meanwhile.
    /// - Returns: the answer; nil if there is none.
    package func ask<Answer>(
        _ request: AdminRequest<Answer>,
        timeout: Int32,
        operationTimeout: Int32,
        goesOn: () -> Bool,
        problem: (EngineError) -> Void
    ) -> Result<Answer, EngineError>? {
        // librdkafka tells that the time is over itself, a moment later.
        let deadline = ContinuousClock.now + .milliseconds(Int(timeout) + 500)
        do throws(EngineError) {
            try send(request, id: 0, timeout: timeout, operationTimeout: operationTimeout)
        } catch {
            return .failure(error)
        }
        while goesOn() {
            let left = deadline - .now
            guard left > .zero else { return nil }
            guard let event = control.poll(timeout: min(left, .milliseconds(200)).clampedMilliseconds) else { continue }
            switch event.kind {
            case .adminAnswer: return event.answer(to: request)
            case .error: problem(event.error)
            case .deliveryReports, .rebalance, .commitResult, .log, .statistics, .tokenWanted, .other: break
            }
        }
        return nil
    }
}

extension Event {
    /// The answer to a request, or what became of the request as a whole.
    package func answer<Answer>(to request: AdminRequest<Answer>) -> Result<Answer, EngineError> {
        errorCode == 0 ? .success(request.read(pointer)) : .failure(error)
    }
}

/// What became of one thing of a request.
package struct AdminItem: Sendable {
    package var name: String
    /// Nil if it went well.
    package var error: EngineError?
}

// MARK: C

/// Objects of C that a request is made of. They are freed with it: librdkafka copies them.
struct RequestObjects: ~Copyable {
    private(set) var pointers: [OpaquePointer?] = []
    private let free: (OpaquePointer?) -> Void

    init(_ free: @escaping (OpaquePointer?) -> Void) {
        self.free = free
    }

    deinit {
        for pointer in pointers { free(pointer) }
    }

    /// Adds what `make` returns, or throws the reason that it writes.
    mutating func add(
        _ make: (UnsafeMutablePointer<CChar>?, Int) -> OpaquePointer?
    ) throws(EngineError) -> OpaquePointer {
        let (pointer, reason) = withErrorText { (make($0, $1), $0.map { String(cString: $0) }) }
        guard let pointer else {
            throw EngineError(code: RD_KAFKA_RESP_ERR__INVALID_ARG.rawValue, message: reason)
        }
        pointers.append(pointer)
        return pointer
    }

    /// Lends them to C as an array.
    mutating func lend(_ body: (UnsafeMutablePointer<OpaquePointer?>?, Int) -> Void) {
        pointers.withUnsafeMutableBufferPointer { body($0.baseAddress, $0.count) }
    }
}

extension EngineError {
    /// Throws what a call returns, with the reason that it writes.
    static func check(
        _ call: (UnsafeMutablePointer<CChar>?, Int) -> rd_kafka_resp_err_t
    ) throws(EngineError) {
        let (code, reason) = withErrorText { (call($0, $1), $0.map { String(cString: $0) }) }
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
        throw EngineError(code: code.rawValue, message: reason?.isEmpty == false ? reason : nil)
    }
}

/// Room for a reason, empty at first.
func withErrorText<Result>(_ body: (UnsafeMutablePointer<CChar>?, Int) -> Result) -> Result {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { text in
        text.initialize(repeating: 0)
        return body(text.baseAddress, text.count)
    }
}

/// What C returns as an array and its length.
func rows<Row>(
    _ get: (UnsafeMutablePointer<Int>) -> UnsafeMutablePointer<OpaquePointer?>?,
    _ read: (OpaquePointer) -> Row
) -> [Row] {
    var count = 0
    guard let list = get(&count) else { return [] }
    return UnsafeBufferPointer(start: list, count: count).compactMap { $0.map(read) }
}

func string(_ text: UnsafePointer<CChar>?) -> String {
    text.map { String(cString: $0) } ?? ""
}
