import Testing

@testable import AsyncKafka

@Suite struct ProducerQueueConfigurationTests {
    @Test func aWaitLimitIsAnyTimeUpToADay() throws {
        var configuration = producerConfiguration()
        for limit in [Duration.zero, .milliseconds(1), .seconds(86_400)] {
            configuration.queue.waitLimit = limit
            #expect(try configuration.refusal() == nil)
        }
        configuration.queue.waitLimit = .milliseconds(-1)
        try expect(configuration.refusal(), says: "queue.waitLimit")
        configuration.queue.waitLimit = .seconds(86_401)
        try expect(configuration.refusal(), says: "queue.waitLimit")
    }

    @Test func atLeastOneDeliveryReportIsKept() throws {
        var configuration = producerConfiguration()
        configuration.deliveryReportLimit = 1
        #expect(try configuration.refusal() == nil)
        configuration.deliveryReportLimit = 0
        try expect(configuration.refusal(), says: "deliveryReportLimit")
    }
}
