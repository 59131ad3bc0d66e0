import CRdKafka

/// Hears what OpenSSL has against a broker's certificate, which librdkafka's own errors do not tell; and lets an application's check
/// have its say.
///
/// Belongs to one handle, which keeps it until `rd_kafka_destroy` has returned. librdkafka asks on a broker's thread, once for each
/// certificate of the chain, the authority's first (rdkafka.h, `rd_kafka_conf_set_ssl_cert_verify_cb`).
package final class CertificateVerifier: Sendable {
    /// A certificate that a broker has shown.
    package struct Certificate: Sendable {
        /// `localhost:9092`.
        package var broker: String
        /// Zero is the broker's own; those of authorities follow.
        package var depth: Int
        /// In DER format.
        package var bytes: [UInt8]
    }

    /// Whether a certificate with which OpenSSL finds nothing wrong is taken. Must neither block nor call the client.
    package typealias Check = @Sendable (Certificate) -> Bool

    /// Why a broker's certificate was refused.
    package enum Fault: Sendable, Hashable {
        /// OpenSSL's number (x509_vfy.h, `X509_V_ERR_…`).
        case openSSL(Int32)
        /// The application's check has said no.
        case check
    }

    private let check: Check?
    /// By the broker's address: the last one, until the broker shows a certificate that is taken.
    private let faults = Locked<[String: Fault]>([:])

    package init(check: Check? = nil) {
        self.check = check
    }

    /// - Parameter broker: its address, `localhost:9092`.
    package func fault(of broker: String) -> Fault? {
        faults.withLock { $0[broker] }
    }

    /// - Parameter error: what OpenSSL has found wrong, zero if nothing.
    func verify(_ broker: String, error: Int32, depth: Int, bytes: () -> [UInt8]) -> Bool {
        guard error == 0 else { return refuse(broker, .openSSL(error)) }
        if let check, !check(Certificate(broker: broker, depth: depth, bytes: bytes())) {
            return refuse(broker, .check)
        }
        if depth == 0 { faults.withLock { $0[broker] = nil } }
        return true
    }

    private func refuse(_ broker: String, _ fault: Fault) -> Bool {
        faults.withLock { $0[broker] = fault }
        return false
    }

    /// Whether there is anything to hear: not without TLS, nor where certificates are not verified.
    static func isNeeded(by configuration: borrowing Configuration) -> Bool {
        configuration.value(of: "security.protocol")?.hasSuffix("ssl") == true
            && configuration.value(of: "enable.ssl.certificate.verification") != "false"
    }

    /// The configuration's opaque is an `EngineObserver`.
    static func install(in configuration: OpaquePointer) {
        rd_kafka_conf_set_ssl_cert_verify_cb(configuration) {
            let (broker, error, depth, bytes, opaque) = ($1, $3, $4, UnsafeRawBufferPointer(start: $5, count: $6), $9)
            guard let observer = EngineObserver.from(opaque), let error else { return 0 }
            let name = broker.map { BrokerObserver.address(String(cString: $0)) } ?? ""
            let isTaken = observer.certificates.verify(name, error: error.pointee, depth: Int(depth)) { Array(bytes) }
            // X509_V_ERR_APPLICATION_VERIFICATION.
            if !isTaken, error.pointee == 0 { error.pointee = 50 }
            return isTaken ? 1 : 0
        }
    }
}
