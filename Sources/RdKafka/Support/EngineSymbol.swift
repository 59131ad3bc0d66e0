#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Functions that came to librdkafka after 2.0: looked up in the library that this process runs with, so that a binary built
/// against an old one uses what a newer one has.
enum EngineSymbol {
    /// The function of that name, nil where the engine has none.
    ///
    /// - Parameter type: its type in C (`@convention(c)`), which has to be right: nothing can check it.
    static func find<Function>(_ name: String, as type: Function.Type) -> Function? {
        #if canImport(Darwin)
            let everywhere = UnsafeMutableRawPointer(bitPattern: -2)
        #else
            let everywhere: UnsafeMutableRawPointer? = nil
        #endif
        return dlsym(everywhere, name).map { unsafeBitCast($0, to: type) }
    }
}
