import RdKafka

// `.onDelivery`: what was drained is committed first, and handed out once the broker has acknowledged it.
extension ConsumerCore {
    /// Hands drained messages to the loop, at once or behind their commit. Returns whether the loop has something to look at.
    func handOut(_ messages: [KafkaMessage]) -> Bool {
        guard handout != nil else {
            return delivery.withLock { $0.append(messages) }
        }
        handout?.hold(messages)
        commitHeld()
        return false
    }

    /// Whether nothing may be drained, as messages wait for their commit. A commit that has failed is tried again.
    func waitsForHandout() -> Bool {
        guard let handout, handout.isCommitting || handout.holdsMessages else { return false }
        if !handout.isCommitting { commitHeld() }
        return self.handout?.isCommitting == true
    }

    /// Commits what is held. Where partitions are read apart, one whose commit has failed holds up no other: it is tried again when its
    /// stream asks.
    func commitHeld() {
        guard let offsets = handout?.commit(isRetrying: !handle.isSplit), !offsets.isEmpty,
            let number = handout?.nextNumber()
        else { return }
        // The broker may have an offset beyond it already: the partition is ours, and was read up to there.
        if commits.request(offsets, id: number, waiter: .handout, now: .now) != nil { handedOut(nil) }
    }

    /// The broker has answered.
    func handedOut(_ error: KafkaError?) {
        let errors = error?.partitionErrors ?? [:]
        let messages = handout?.result { partition in
            // Without a word about partitions, as at the end of the time limit, none of them is acknowledged.
            error != nil && (errors.isEmpty || errors[partition] != nil)
        }
        if !isClosed, let messages { delivery.withLock { _ = $0.append(messages) } }
        // A partition that was taken away is somebody else's, with its messages.
        let told = errors.isEmpty ? error : .ofPartitions(errors.filter { $0.value.code != .staleMessage }, "committed")
        var waiting = handout?.heldPartitions ?? []
        // Others may have been refused before.
        if handle.isSplit, !errors.isEmpty { waiting.formIntersection(errors.keys) }
        delivery.withLock { $0.interrupt(waiting.isEmpty ? nil : told, of: waiting) }
        // What has arrived meanwhile.
        if handle.isSplit { handle.partitionsArrived.raise() } else { handle.messagesArrived.raise() }
        unpark()
    }

    /// Partitions are being given back, and no loop gets anything more of them: what was committed for them and not handed out is
    /// committed back, so that whoever reads them next begins with it.
    func giveBack(_ epochs: [PartitionEpoch], undelivered: [(epoch: PartitionEpoch, offset: Int64)]) {
        guard let places = handout?.giveBack(epochs, undelivered: undelivered), !places.isEmpty,
            // Another member may own lost ones already.
            !handle.isAssignmentLost, let number = handout?.nextNumber()
        else { return }
        let rows = places.map { CommitStateMachine<CommitWaiter>.Commit.Row(epoch: $0.epoch, offset: $0.offset) }
        _ = commits.requestExplicitly(rows, id: number, waiter: nil, now: .now)
    }

    /// The client ends with offsets that were to go back.
    func leaveSkipped() {
        for (partition, offset) in handout?.takeReturning() ?? [:] {
            let cause = assigned[partition].flatMap { hindrance(of: $0) }
            leftBehind[partition] = (offset, cause)
            log.log(.error, "SKIPPED", "\(Self.skipped(partition, offset).causedBy(cause))")
        }
    }

    private static func skipped(_ partition: KafkaTopicPartition, _ offset: Int64) -> KafkaError {
        KafkaError(
            .uncommitted,
            "messages of \(partition) from offset \(offset) on were committed, not delivered, and could not be committed back: they are skipped"
        ).at(partition)
    }

    /// The epochs have ended, by a revoke or by a loss: what was committed and could not be committed back is read by nobody.
    func reportSkipped(_ epochs: [PartitionEpoch]) {
        guard let skipped = handout?.fence(epochs), !skipped.isEmpty else { return }
        func cause(_ partition: KafkaTopicPartition) -> KafkaError? {
            epochs.first { $0.topicPartition == partition }.flatMap { hindrance(of: $0) }
        }
        if isClosed {
            for (partition, offset) in skipped { leftBehind[partition] = (offset, cause(partition)) }
            return
        }
        for (partition, offset) in skipped.sorted(by: { $0.partition < $1.partition }) {
            let error = Self.skipped(partition, offset).causedBy(cause(partition))
            events.append(.error(error))
            log.log(.error, "SKIPPED", "\(error)")
        }
    }
}
