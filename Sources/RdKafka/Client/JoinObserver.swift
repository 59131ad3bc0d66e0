import CRdKafka
import Synchronization

/// Watches the group's requests from librdkafka's interceptors: commits must stay out of a join.
///
/// A commit that follows JoinGroup on the coordinator's connection fails, and librdkafka before 2.10 then drops the whole
/// assignment as lost (confluentinc/librdkafka#4059). So commits are held from the moment JoinGroup is sent, or a cooperative
/// revoke is answered, until SyncGroup's response, a failed request, or the session timeout.
///
/// The callbacks run on librdkafka's broker threads and only touch atomics.
package final class JoinObserver: Sendable {
    /// Kafka's API keys (https://kafka.apache.org/protocol#protocol_api_keys).
    private static let joinGroup: Int16 = 11
    private static let leaveGroup: Int16 = 13
    private static let syncGroup: Int16 = 14

    private let joining = Atomic<Bool>(false)
    private let joins = Atomic<Int>(0)
    private let left = Atomic<Bool>(false)
    /// Raised when a join begins or ends.
    package let changed = Flag()
    private let control = AtomicLazyReference<Queue>()

    package init() {}

    /// Whether a join is under way.
    package var isJoining: Bool { joining.load(ordering: .acquiring) }

    /// Whether the coordinator has answered a LeaveGroup since the last join.
    package var hasLeft: Bool { left.load(ordering: .acquiring) }

    /// How often JoinGroup was sent.
    package var joinCount: Int { joins.load(ordering: .relaxed) }

    /// A cooperative revoke was answered: librdkafka joins again at once.
    package func joinIsExpected() {
        joining.store(true, ordering: .releasing)
    }

    /// The session timeout has passed without an answer.
    package func giveUp() {
        joining.store(false, ordering: .releasing)
    }

    func attach(to queue: Queue) {
        _ = control.storeIfNil(queue)
    }

    private func requestSent(_ key: Int16) {
        guard key == Self.joinGroup else { return }
        joining.store(true, ordering: .releasing)
        left.store(false, ordering: .releasing)
        joins.add(1, ordering: .relaxed)
        notify()
    }

    private func responseReceived(_ key: Int16, _ error: rd_kafka_resp_err_t) {
        if key == Self.leaveGroup, error == RD_KAFKA_RESP_ERR_NO_ERROR { left.store(true, ordering: .releasing) }
        guard key == Self.syncGroup || (key == Self.joinGroup && error != RD_KAFKA_RESP_ERR_NO_ERROR) else { return }
        joining.store(false, ordering: .releasing)
        notify()
    }

    private func notify() {
        changed.raise()
        control.load()?.yield()
    }

    /// Adds the interceptors. `opaque` must live until the handle is destroyed.
    static func install(in configuration: OpaquePointer, opaque: UnsafeMutableRawPointer) {
        rd_kafka_conf_interceptor_add_on_new(
            configuration,
            "async-kafka",
            { handle, _, opaque, _, _ in
                rd_kafka_interceptor_add_on_request_sent(
                    handle,
                    "async-kafka",
                    { _, _, _, _, key, _, _, _, opaque in
                        JoinObserver.from(opaque)?.requestSent(key)
                        return RD_KAFKA_RESP_ERR_NO_ERROR
                    },
                    opaque
                )
                rd_kafka_interceptor_add_on_response_received(
                    handle,
                    "async-kafka",
                    { _, _, _, _, key, _, _, _, _, error, opaque in
                        JoinObserver.from(opaque)?.responseReceived(key, error)
                        return RD_KAFKA_RESP_ERR_NO_ERROR
                    },
                    opaque
                )
                return RD_KAFKA_RESP_ERR_NO_ERROR
            },
            opaque
        )
    }

    private static func from(_ opaque: UnsafeMutableRawPointer?) -> JoinObserver? {
        opaque.map { Unmanaged<JoinObserver>.fromOpaque($0).takeUnretainedValue() }
    }
}
