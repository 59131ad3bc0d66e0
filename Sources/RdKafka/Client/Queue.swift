import CRdKafka

/// One librdkafka event queue.
///
/// `@unchecked Sendable`: `rd_kafka_queue_t` is thread-safe (rdkafka.h, "Queue API"); who polls it is the client's thread alone.
package final class Queue: @unchecked Sendable {
    let pointer: OpaquePointer
    /// Kept alive while librdkafka may call back with it.
    private var signal: Unmanaged<Signal>?
    /// When what is drained out of this queue is to wake librdkafka's broker threads, if it ever is.
    var fetchPace: FetchPace?

    /// Takes over a reference.
    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        silence()
        rd_kafka_queue_destroy(pointer)
    }

    /// Calls back no more.
    func silence() {
        guard let signal else { return }
        rd_kafka_queue_cb_event_enable(pointer, nil, nil)
        signal.release()
        self.signal = nil
    }

    /// Wakes whoever polls this queue. The flag survives until the next poll, and follows a forwarded queue.
    func yield() {
        rd_kafka_queue_yield(pointer)
    }

    func poll(timeout: Int32) -> Event? {
        rd_kafka_queue_poll(pointer, timeout).map(Event.init)
    }

    /// How much waits to be polled.
    var count: Int { rd_kafka_queue_length(pointer) }

    /// Whether nothing waits to be polled.
    package var isEmpty: Bool { count == 0 }

    func forward(to queue: Queue?) {
        rd_kafka_queue_forward(pointer, queue?.pointer)
    }

    /// Sets a flag, or two, and yields `control` whenever this queue goes from empty to one.
    ///
    /// librdkafka calls back on any of its threads, with this queue's lock held, so nothing else happens there.
    func raise(_ flag: Flag, _ other: Flag? = nil, waking control: Queue) {
        let signal = Unmanaged.passRetained(Signal(flag: flag, other: other, control: control))
        self.signal = signal
        rd_kafka_queue_cb_event_enable(
            pointer,
            { _, opaque in
                guard let opaque else { return }
                let signal = Unmanaged<Signal>.fromOpaque(opaque).takeUnretainedValue()
                signal.flag.raise()
                signal.other?.raise()
                signal.control.yield()
            },
            signal.toOpaque()
        )
    }

    private final class Signal: Sendable {
        let flag: Flag
        let other: Flag?
        let control: Queue

        init(flag: Flag, other: Flag?, control: Queue) {
            self.flag = flag
            self.other = other
            self.control = control
        }
    }
}
