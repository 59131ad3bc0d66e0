/// Where Kerberos's tickets come from.
///
/// On Linux and macOS librdkafka runs the program `kinit` for them, in a shell of its own: when the client starts, and again after
/// each `renewalInterval`. So a keytab needs that program in the process's `PATH` (`krb5-user` on Debian). Another command can be
/// given by the property `sasl.kerberos.kinit.cmd`. Without a keytab nothing is run.
public struct KafkaKerberos: Sendable, Hashable {
    /// The first part of the brokers' principal, `kafka` in `kafka/host@REALM`. `kafka` by default
    /// (`sasl.kerberos.service.name`).
    public var serviceName = "kafka"

    /// Who the client is, as in `orders@EXAMPLE.COM` (`sasl.kerberos.principal`).
    public var principal: String

    /// The file with the principal's keys; nil: a ticket is in the credential cache, and something else keeps it there
    /// (`sasl.kerberos.keytab`).
    public var keytab: String?

    /// How often the ticket is renewed from the keytab. 1 ms to 24 hours, a minute by default
    /// (`sasl.kerberos.min.time.before.relogin`).
    public var renewalInterval: Duration = .seconds(60)

    /// A principal with the file that holds its keys.
    public init(principal: String, keytab: String? = nil) {
        self.principal = principal
        self.keytab = keytab
    }
}
