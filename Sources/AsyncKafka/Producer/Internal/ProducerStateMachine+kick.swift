// When the linger is lifted for records that somebody awaits: a few leave at once, a crowd leaves together.
//
// A flush lasts a millisecond, in which librdkafka sends whatever comes, in small requests, and in which a broker's thread whose
// partitions have five records on their way each polls without pause (rdkafka_broker.c, `rd_kafka_toppar_producer_serve`). So what
// a crowd queues while most of the last flush's records are on their way waits for their reports.
extension ProducerStateMachine {
    /// The records that the last kick was for: those that held credits then.
    struct Kicked {
        var lastNumber: UInt64 = 0
        var total = 0
        /// How many of them hold credits still.
        var left = 0
    }

    enum Kick {
        /// Nobody waits.
        case none
        case now
        /// The reports of the last kick's records bring one: see `kickBehindReports`.
        case later
    }

    /// How many records may be awaited, each of which leaves at once.
    static var crowd: Int { 64 }

    /// The record that holds this ticket is in librdkafka's queue, and awaited since just now.
    mutating func kick(_ ticket: Ticket) -> Kick {
        // One that had its credits at the last kick may have come into the queue behind it.
        guard isCrowded, slots[Int(ticket.slot)].number > kicked.lastNumber else { return kickNow() }
        return .later
    }

    /// Records have been reported, or refused. With five requests in flight the kick of what is queued may have passed without effect.
    mutating func kickBehindReports() -> Kick {
        guard isAwaited else { return .none }
        // Who waits for room hands over more than what is counted here.
        guard isCrowded, waiters.isEmpty else { return kickNow() }
        return .later
    }

    /// Whether many wait, and most of what left last is on its way.
    private var isCrowded: Bool { awaited > Self.crowd && kicked.left > kicked.total / 4 }

    private mutating func kickNow() -> Kick {
        kicked = Kicked(lastNumber: nextNumber - 1, total: records, left: records)
        return .now
    }
}
