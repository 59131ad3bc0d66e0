extension ContinuousClock.Instant {
    /// Now, or a time limit from now. What lies beyond a century counts as that: an instant cannot hold everything.
    static func after(_ timeout: Duration) -> ContinuousClock.Instant {
        .now + min(max(timeout, .zero), .seconds(100 * 365 * 86_400))
    }
}

/// The one that comes first; nil if there is none.
func earliest(
    _ left: ContinuousClock.Instant?,
    _ right: ContinuousClock.Instant?
) -> ContinuousClock.Instant? {
    guard let left, let right else { return left ?? right }
    return min(left, right)
}
