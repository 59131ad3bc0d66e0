/// When librdkafka's broker threads are to look again whether to fetch.
///
/// They fetch no more once a queue holds enough (`queued.min.messages`, `queued.max.messages.kbytes`). Taking messages out of it does not
/// wake them: they look again up to a second later (rdkafka_broker.c, `rd_kafka_broker_consumer_serve`).
///
/// Belongs to a queue that is drained, and so to the client's thread. They are woken each time half of what was queued is gone, if
/// that may have stopped them: seldom, and by a client that keeps up only where an answer alone is near the limit.
struct FetchPace {
    /// How many messages stop them.
    private let count: Int
    /// How many bytes of values do. What is queued is only known by what came out last, so an eighth counts as enough.
    private let bytes: Int
    private var most = 0
    private var averageSize = 0

    init(count: Int, bytes: Int) {
        self.count = count
        self.bytes = bytes
    }

    /// After each drain.
    ///
    /// - Parameters:
    ///   - before: how many messages there were.
    ///   - taken: how many were handed out; others may have been dropped, and yet others have come.
    ///   - bytes: the size of their values.
    ///   - left: how many there are.
    /// - Returns: whether the threads are to be woken.
    mutating func drained(_ before: Int, taken: Int, bytes: Int, left: Int) -> Bool {
        if taken > 0 {
            let size = bytes / taken
            averageSize = averageSize == 0 ? size : (averageSize * 3 + size) / 4
        }
        most = max(most, before, left + taken)
        guard left <= most / 2 else { return false }
        defer { most = left }
        return most >= count || most > 0 && most * averageSize >= self.bytes / 8
    }
}
