// The article "Security"'s producer that is replaced while it is in use, as it stands there.
import AsyncKafka

actor CurrentProducer {
    private var producer: KafkaProducer

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
                guard error.code == .clientClosed, error.persistence == .notPersisted, current !== producer else {
                    throw error
                }
            }
        }
    }

    /// Goes on with another certificate, once a broker has taken it.
    func replace(with configuration: KafkaProducerConfiguration) async throws -> KafkaProducerCloseReport {
        let new = try KafkaProducer(configuration)
        do {
            try await new.connect()
        } catch {
            await new.close(timeout: .zero)
            throw error
        }
        let old = producer
        producer = new
        return await old.close()
    }

    func close() async -> KafkaProducerCloseReport {
        await producer.close()
    }
}
