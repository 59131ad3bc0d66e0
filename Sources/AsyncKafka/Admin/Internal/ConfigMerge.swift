import RdKafka

/// Changes single settings where everything has to be written back: what stays, stays as it was read.
enum ConfigMerge {
    /// All that the resource has set itself after the changes.
    ///
    /// - Throws: `unsupportedFeature` if something would be lost, or may be; `invalidArgument` for a change to the list of a setting
    ///   that is a secret, and so none.
    static func merged(
        _ entries: some Sequence<KafkaConfigEntry>,
        of resource: KafkaConfigResource,
        with changes: [String: KafkaConfigChange]
    ) throws(KafkaError) -> [String: String] {
        let own: KafkaConfigEntry.Source = resource.isBroker ? .broker : .topic
        var effective: [String: String] = [:]
        var settings: [String: String] = [:]
        for entry in entries {
            if entry.source == .unknown {
                throw KafkaError(
                    .unsupportedFeature,
                    """
                    \(resource) cannot be changed without losing settings: its broker is too old to tell where those come from \
                    (\(entry.name), for one)
                    """
                )
            }
            if entry.isSecret, changes[entry.name]?.isOfList == true {
                throw .invalidArgument("\(entry.name) of \(resource) is a secret and no list: give its whole value")
            }
            effective[entry.name] = entry.value
            guard entry.source == own else { continue }
            if let value = entry.value {
                settings[entry.name] = value
            } else if changes[entry.name] == nil {
                throw .needs(
                    "2.2",
                    """
                    change \(resource) without losing its secret setting \(entry.name), which brokers do not tell \
                    (it replaces all settings)
                    """
                )
            }
        }
        for (name, change) in changes {
            let current = (effective[name] ?? "").split(separator: ",").map { String($0) }
            switch change.operation {
            case .set: settings[name] = change.value
            case .delete: settings[name] = nil
            case .append:
                let new = items(change).filter { !current.contains($0) }
                settings[name] = (current + new).joined(separator: ",")
            case .subtract:
                let gone = items(change)
                settings[name] = current.filter { !gone.contains($0) }.joined(separator: ",")
            }
        }
        return settings
    }

    private static func items(_ change: KafkaConfigChange) -> [String] {
        (change.value ?? "").split(separator: ",").map { String($0) }
    }
}
