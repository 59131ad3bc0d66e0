extension KafkaConsumerConfiguration {
    /// A consumer by the names that its properties have in librdkafka, in Confluent's clients or in the Java client.
    ///
    /// ```swift
    /// let configuration = try KafkaConsumerConfiguration(properties: [
    ///     "bootstrap.servers": "localhost:9092", "group.id": "billing",
    /// ])
    /// ```
    ///
    /// `bootstrapServers`, `clientID`, `groupID`, `group.instanceID` and `clientRack` become typed settings; all else stands in
    /// `additionalProperties` afterwards, by librdkafka's name, where a typed setting that is changed as well is refused. What Java
    /// calls or writes otherwise is translated (`fetch.max.wait.ms`, `sasl.jaas.config` of the common shapes), or refused with what
    /// takes its place.
    ///
    /// - Parameter properties: values by name.
    /// - Throws: `KafkaError` with code `.invalidConfiguration` for a name or value that is not understood. Whether the settings fit
    ///   together is checked when the client is made.
    public init(properties: [String: String]) throws(KafkaError) {
        try self.init(PropertyReader(.of(properties), for: .consumer))
    }

    /// A consumer by environment variables: `ASYNCKAFKA_BOOTSTRAP_SERVERS` is `bootstrap.servers`.
    ///
    /// ```swift
    /// let configuration = try KafkaConsumerConfiguration(environment: ProcessInfo.processInfo.environment)
    /// ```
    ///
    /// A variable stands for the property whose name is the same behind the prefix, but for case, and underscores for dots, as for
    /// ``init(properties:)``. One environment may serve all clients of a process: properties of other kinds of clients are left
    /// out, as are empty variables. A prefix of their own keeps clients of one kind apart.
    ///
    /// - Parameters:
    ///   - environment: values by variable.
    ///   - prefix: what the variables begin with; all that do are taken for properties.
    /// - Throws: `KafkaError` with code `.invalidConfiguration` that names the variable.
    public init(environment: [String: String], prefix: String = "ASYNCKAFKA_") throws(KafkaError) {
        let properties = try PropertiesInEnvironment.read(environment, prefix: prefix, for: .consumer)
        try self.init(PropertyReader(properties, for: .consumer))
    }

    /// A consumer by a file in the format of Java's property files, in UTF-8, with names as for ``init(properties:)``.
    ///
    /// As in the Java client, white space at the end of a value does not count. A name that is given twice is refused. The file is
    /// read before the call returns.
    ///
    /// - Parameter path: where the file is.
    /// - Throws: `KafkaError` with code `.invalidConfiguration` that names the file and the line, and never shows a secret.
    public init(propertiesFile path: String) throws(KafkaError) {
        let properties = try PropertiesFile.read(path)
        try self.init(PropertyReader(properties, for: .consumer))
    }

    private init(_ reader: PropertyReader) throws(KafkaError) {
        var reader = reader
        self.init(bootstrapServers: reader.takeServers())
        if let value = reader.take("client.id") { clientID = value }
        if let value = reader.take("group.id") { groupID = value }
        if let value = reader.take("group.instance.id") { group.instanceID = value }
        if let value = reader.take("client.rack") { clientRack = value }
        additionalProperties = reader.rest
    }
}
