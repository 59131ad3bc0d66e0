/// Calls a mutating method within an expectation: the macros hold their operands as constants.
func with<Value, Result>(_ value: inout Value, _ body: (inout Value) -> Result) -> Result {
    body(&value)
}
