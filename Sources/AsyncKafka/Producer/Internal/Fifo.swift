/// First in, first out; both ends at a constant cost, on average.
struct Fifo<Element> {
    private var elements: [Element?] = []
    /// The first element that is still there.
    private var start = 0

    var count: Int { elements.count - start }

    var isEmpty: Bool { start == elements.count }

    var first: Element? { isEmpty ? nil : elements[start] }

    mutating func append(_ element: Element) {
        elements.append(element)
    }

    mutating func removeFirst() -> Element? {
        guard !isEmpty else { return nil }
        let element = elements[start].take()
        start += 1
        // Cut rarely, so that each element is moved about once.
        if start == elements.count || (start > 256 && start * 2 > elements.count) {
            elements.removeFirst(start)
            start = 0
        }
        return element
    }
}

extension Fifo: Sendable where Element: Sendable {}
