import CRdKafka

/// A partition's own queue, apart from those of the others: whoever does not drain it is held up alone, as librdkafka fetches no more
/// than it may hold.
///
/// Belongs to the client's thread, but for its flag.
package final class PartitionQueue: Sendable {
    let queue: Queue
    /// Raised when the queue goes from empty to one.
    package let messagesArrived = Flag()
    /// Raised with any of these flags.
    private let anyArrived: Flag

    /// Takes over a reference.
    init(_ pointer: OpaquePointer, anyArrived: Flag, waking control: Queue) {
        queue = Queue(pointer)
        self.anyArrived = anyArrived
        // This counts as the application's own forwarding, which outlives assignments (RD_KAFKA_Q_F_FWD_APP).
        queue.forward(to: nil)
        queue.raise(messagesArrived, anyArrived, waking: control)
        // What came before the callback.
        raise()
    }

    /// Has it looked at again.
    package func raise() {
        messagesArrived.raise()
        anyArrived.raise()
    }

    /// Ends its life apart: what it holds goes to the end of another queue.
    func join(_ messages: Queue?) {
        queue.silence()
        queue.forward(to: messages)
    }
}
