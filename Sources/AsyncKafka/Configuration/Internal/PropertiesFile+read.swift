#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension PropertiesFile {
    /// The properties of a file. Values are without the white space at their end, as Kafka's own clients take them.
    static func read(_ path: String) throws(KafkaError) -> [GivenProperty] {
        let bytes: Data
        do {
            bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw .invalid("the properties file \(PropertyNames.printable(path)) cannot be read").causedBy(error)
        }
        let file = path.split(separator: "/").last.map(String.init) ?? path
        return try PropertiesFile([UInt8](bytes), file: file).properties.map { property in
            var property = property
            while property.value.last?.isWhitespace == true { property.value.removeLast() }
            return property
        }
    }
}
