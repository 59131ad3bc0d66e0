import CRdKafka

extension Handle {
    /// Kafka's name of the SASL mechanism in force, nil without SASL.
    package var saslMechanism: String? {
        guard value(of: "security.protocol")?.hasPrefix("sasl") == true else { return nil }
        return value(of: "sasl.mechanisms")
    }

    /// A property of this client; nil if the linked librdkafka has none of that name.
    func value(of property: String) -> String? {
        let configuration = rd_kafka_conf(pointer)
        var size = 0
        guard rd_kafka_conf_get(configuration, property, nil, &size) == RD_KAFKA_CONF_OK, size > 0 else { return nil }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) { text in
            guard rd_kafka_conf_get(configuration, property, text.baseAddress, &size) == RD_KAFKA_CONF_OK else {
                return nil
            }
            return text.baseAddress.map { String(cString: $0) }
        }
    }

    /// What connections that begin from now on log in with. Does not wait for a broker.
    ///
    /// For PLAIN and SCRAM alone: the others read the user's name without the lock under which it is replaced here, or ignore it.
    package func setCredentials(username: String, password: String) -> EngineError? {
        EngineError(consuming: rd_kafka_sasl_set_credentials(pointer, username, password))
    }

    /// What connections that begin from now on show, and those that wait for a token. Does not wait for a broker.
    ///
    /// librdkafka's sentence about a token that it does not take may hold the token (rdkafka_sasl_oauthbearer.c,
    /// `check_oauthbearer_extension_value`), so there is none.
    ///
    /// - Parameter expiration: milliseconds since 1970.
    /// - Returns: 0, or the code of what is wrong.
    package func setToken(
        _ value: String,
        expiration: Int64,
        principal: String,
        extensions: [String: String]
    ) -> Int32 {
        var texts: [UnsafeMutablePointer<CChar>?] = []
        for (name, value) in extensions { texts += [strdup(name), strdup(value)] }
        defer { for text in texts { free(text) } }
        var pointers: [UnsafePointer<CChar>?] = texts.map { UnsafePointer($0) }
        return withErrorText { text, size in
            rd_kafka_oauthbearer_set_token(
                pointer,
                value,
                expiration,
                principal,
                &pointers,
                pointers.count,
                text,
                size
            ).rawValue
        }
    }
}

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif
