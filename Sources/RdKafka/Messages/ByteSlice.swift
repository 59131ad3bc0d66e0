/// Bytes on the heap that never change once a slice of them was handed out: one allocation.
package final class ByteStorage: ManagedBuffer<Int, UInt8> {
    static func allocate(_ count: Int) -> ByteStorage {
        unsafeDowncast(ByteStorage.create(minimumCapacity: count) { _ in count }, to: ByteStorage.self)
    }
}

/// A part of a storage: no copy when passed on.
///
/// `@unchecked Sendable`: the bytes of a slice are written before the slice exists, and never again.
package struct ByteSlice: @unchecked Sendable {
    let storage: ByteStorage?
    private let start: Int
    package let count: Int

    package static let empty = ByteSlice(storage: nil, start: 0, count: 0)

    init(storage: ByteStorage?, start: Int, count: Int) {
        self.storage = storage
        self.start = start
        self.count = count
    }

    /// Copies bytes into a storage of their own.
    package init(copying bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 0 else {
            self = .empty
            return
        }
        let storage = ByteStorage.allocate(bytes.count)
        storage.withUnsafeMutablePointerToElements { elements in
            UnsafeMutableRawBufferPointer(start: elements, count: bytes.count).copyMemory(from: bytes)
        }
        self.init(storage: storage, start: 0, count: bytes.count)
    }

    /// Copies a sequence of bytes into a storage of its own.
    package init(_ bytes: some Sequence<UInt8>) {
        if let copy = bytes.withContiguousStorageIfAvailable({ ByteSlice(copying: UnsafeRawBufferPointer($0)) }) {
            self = copy
        } else {
            self = Array(bytes).withUnsafeBytes { ByteSlice(copying: $0) }
        }
    }

    package init(copying span: RawSpan) {
        self = span.withUnsafeBytes { ByteSlice(copying: $0) }
    }

    package var isEmpty: Bool { count == 0 }

    /// Whether this slice keeps more memory alive than it shows.
    package var sharesStorage: Bool {
        guard let storage else { return false }
        return storage.header != count
    }

    /// - Precondition: `index` lies within `0..<count`.
    package subscript(index: Int) -> UInt8 {
        precondition(index >= 0 && index < count, "index out of bounds")
        return withUnsafeBytes { $0[index] }
    }

    package func slice(_ range: Range<Int>) -> ByteSlice {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "range out of bounds")
        return ByteSlice(storage: storage, start: start + range.lowerBound, count: range.count)
    }

    /// Where the bytes are, for C; nil without any. Whoever asks keeps the slice alive as long as the address is in use.
    var address: UnsafeMutableRawPointer? {
        storage?.withUnsafeMutablePointerToElements { UnsafeMutableRawPointer($0 + start) }
    }

    package func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard let storage else { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        defer { withExtendedLifetime(storage) {} }
        let base = storage.withUnsafeMutablePointerToElements { UnsafeRawPointer($0) }
        return try body(UnsafeRawBufferPointer(start: base + start, count: count))
    }

    package func withBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withUnsafeBytes { (bytes) throws(Failure) in try body(bytes.bytes) }
    }

    /// The bytes, without a copy; the storage outlives the span because `self` does.
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            guard let storage else { return RawSpan() }
            let base = storage.withUnsafeMutablePointerToElements { UnsafeRawPointer($0) }
            let span = RawSpan(_unsafeStart: base + start, byteCount: count)
            return _overrideLifetime(span, borrowing: self)
        }
    }

    /// A copy in a storage that holds nothing else.
    package func compacted() -> ByteSlice {
        sharesStorage ? withUnsafeBytes { ByteSlice(copying: $0) } : self
    }

    package static func == (left: ByteSlice, right: ByteSlice) -> Bool {
        left.count == right.count && left.withUnsafeBytes { left in right.withUnsafeBytes { left.elementsEqual($0) } }
    }
}

/// Copies the bytes of neighbouring messages into slabs that they share, so that a small message costs no allocation of its own
/// and keeping one does not pin a fetch buffer of a megabyte.
///
/// Used by one thread; the slices it hands out are immutable.
package struct SlabAllocator {
    /// Bytes in a slab; what is larger than a quarter of it gets a storage of its own.
    private static let slabSize = 8192

    private var slab: ByteStorage?
    private var used = 0

    package init() {}

    mutating func copy(_ source: UnsafeRawPointer, count: Int) -> ByteSlice {
        guard count > 0 else { return .empty }
        guard count <= Self.slabSize / 4 else {
            return ByteSlice(copying: UnsafeRawBufferPointer(start: source, count: count))
        }
        if slab == nil || used + count > Self.slabSize {
            slab = ByteStorage.allocate(Self.slabSize)
            used = 0
        }
        let start = used
        slab?.withUnsafeMutablePointerToElements { elements in
            UnsafeMutableRawPointer(elements + start).copyMemory(from: source, byteCount: count)
        }
        used += count
        return ByteSlice(storage: slab, start: start, count: count)
    }
}

// What the standard library only offers over unsafe pointers.
extension ByteSlice {
    package func withContiguousStorage<Result>(_ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows -> Result
    {
        try withUnsafeBytes { try body($0.bindMemory(to: UInt8.self)) }
    }

    package func hash(into hasher: inout Hasher) {
        withUnsafeBytes { hasher.combine(bytes: $0) }
    }

    package func decoded() -> String {
        withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    package func validated() -> String? {
        withUnsafeBytes { String(validating: $0, as: UTF8.self) }
    }
}
