// The article "Security"'s producer that is replaced while it is in use, as it stands there.
import AsyncKafka

actor CurrentProducer {
    private var producer: KafkaProducer
    private var isClosed = false
    /// How many replacements have begun, and which of them is in use: one that comes about behind a later one has an older certificate.
    private var (begun, inUse) = (0, 0)

    init(_ configuration: KafkaProducerConfiguration) throws {
        producer = try KafkaProducer(configuration)
    }

    func send(_ record: KafkaRecord) async throws -> KafkaDelivery {
        while true {
            let current = producer
            do {
                return try await current.send(record)
            } catch {
                // It came too late for a producer that has a successor.
                let isLate = error.code == .clientClosed && error.persistence == .notPersisted
                guard isLate, !isClosed, current !== producer else { throw error }
            }
        }
    }

    /// Goes on with another certificate, once a broker has taken it. Until then, and where it throws, the one before stays.
    ///
    /// - Throws: `CancellationError` if it was closed meanwhile, or a later replacement has come first.
    func replace(with configuration: KafkaProducerConfiguration) async throws -> KafkaProducerCloseReport {
        let new = try KafkaProducer(configuration)
        begun += 1
        let own = begun
        do {
            try await new.connect()
            guard !isClosed, own > inUse else { throw CancellationError() }
        } catch {
            await new.close(timeout: .zero)
            throw error
        }
        let old = producer
        (producer, inUse) = (new, own)
        return await old.close()
    }

    func close() async -> KafkaProducerCloseReport {
        isClosed = true
        return await producer.close()
    }
}
