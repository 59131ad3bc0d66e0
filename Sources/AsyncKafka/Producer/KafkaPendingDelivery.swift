/// The outcome of a record that is on its way.
public final class KafkaPendingDelivery: Sendable {
    init() {}
}
