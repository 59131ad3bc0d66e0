// The same messages, several at a time.
extension DeliveryStateMachine {
    /// A reader asks for its next batch: what is there, up to `maxCount`, if it is `minCount` at least. The one before is finished.
    mutating func nextBatch(
        reader id: UInt64,
        task: Int,
        maxCount: Int,
        minCount: Int = 1,
        isCancelled: Bool
    ) -> ReadAction<[Message]> {
        if reader == nil, !isCancelled, case .open = phase {
            guard !isReadByPartitions else { return ReadAction(step: .failed(.alreadyIterating)) }
            reader = id
            interruption = nil
            endPartitions()
            recall()
        }
        guard reader == id else {
            if reader != nil { return ReadAction(step: .failed(.alreadyIterating)) }
            return ReadAction(step: isCancelled ? .end : ending())
        }
        if isCancelled { return ReadAction(step: .end, wakesThread: releaseReader(id)) }
        let wakes = finishBatchInHand()
        guard case .open = phase else { return ReadAction(step: ending(), wakesThread: wakes) }
        let hadRoom = hasRoom
        // What is there goes before an error.
        if isInterrupted || backlog.count >= min(minCount, maxCount) {
            while batchInHand.isEmpty, !backlog.isEmpty {
                keepHand()
                let taken = backlog.take(maxCount)
                batchInHand = taken.allSatisfy(isDeliverable) ? taken : taken.filter(isDeliverable)
            }
        }
        guard !batchInHand.isEmpty else {
            if backlog.isEmpty {
                // Or the bytes of the last batch would be kept as long as nothing comes.
                keepHand()
                backlog = Backlog()
            }
            if let error = takeInterruption() { return ReadAction(step: .failed(error), wakesThread: wakes) }
            return ReadAction(step: .fetch, wakesThread: wakes, available: backlog.count, revision: revision)
        }
        isHeld = true
        holder = task
        return ReadAction(step: .deliver(batchInHand), wakesThread: wakes, hasRoom: !hadRoom && hasRoom)
    }

    /// Returns whether the thread is to be woken.
    private mutating func finishBatchInHand() -> Bool {
        guard !batchInHand.isEmpty else { return false }
        var wakes = release()
        if policy == .afterProcessing {
            for message in batchInHand where mark(message) == true { wakes = true }
        }
        batchInHand = []
        return wakes
    }
}
