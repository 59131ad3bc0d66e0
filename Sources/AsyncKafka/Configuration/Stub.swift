import RdKafka
public struct KafkaProducerConfiguration: Sendable {
    public var closeTimeout: Duration = .seconds(30)
    public var log: KafkaLog = KafkaLog()
    public var servers: [String]
    public init(bootstrapServers: [String]) { servers = bootstrapServers }
    func credits() throws(KafkaError) -> (records: Int, bytes: Int) { (100_000, 256 << 20) }
    func engineConfiguration() throws(KafkaError) -> Configuration {
        let c = Configuration()
        for (k, v) in ["bootstrap.servers": servers.joined(separator: ","), "enable.idempotence": "true", "queue.buffering.max.messages": "0", "queue.buffering.max.kbytes": "2147483647", "log.queue": "true", "partitioner": "murmur2_random", "message.timeout.ms": "120000"] { _ = c.set(k, v) }
        return c
    }
}
public struct KafkaLog: Sendable { 
    enum Level { case critical, error, warning, info } }
final class LogSink: Sendable {
    let clientName: String
    init(_ log: KafkaLog, clientName: String) { self.clientName = clientName }
    func log(_ level: KafkaLog.Level, _ facility: String, _ message: String) { print(level, facility, message) }
}
public struct KafkaOffsetPolicy: Sendable { let deliveryPolicy: DeliveryStateMachine<KafkaMessage>.Policy; let interval: Duration?
  public static let manual = KafkaOffsetPolicy(deliveryPolicy: .manual, interval: nil)
  public static let afterProcessing = KafkaOffsetPolicy(deliveryPolicy: .afterProcessing, interval: .seconds(1)) }
public struct KafkaConsumerConfiguration: Sendable {
    public struct Group: Sendable { public var sessionTimeout: Duration = .seconds(6) }
    public var group = Group()
    public var closeTimeout: Duration = .seconds(30)
    public var revokeTimeout: Duration = .seconds(30)
    public var commitTimeout: Duration = .seconds(30)
    public var offsetPolicy: KafkaOffsetPolicy = .afterProcessing
    public var log: KafkaLog = KafkaLog()
    public var servers: [String]
    var groupID: String
    public init(bootstrapServers: [String], groupID: String) { servers = bootstrapServers; self.groupID = groupID }
    func engineConfiguration() throws(KafkaError) -> Configuration {
        let c = Configuration()
        for (k, v) in ["bootstrap.servers": servers.joined(separator: ","), "group.id": groupID, "enable.auto.commit": "false", "enable.auto.offset.store": "false", "auto.offset.reset": "earliest", "session.timeout.ms": "6000", "log.queue": "true"] { if c.set(k, v) != .ok { print("bad", k) } }
        return c
    }
}
