package import AsyncKafka
import CSQLite
import Dispatch
import Orders

/// Orders, and where each partition goes on, in one SQLite database.
///
/// `@unchecked Sendable`: the connection is used on the queue alone. SQLite waits for the disk, which is nothing for the threads that
/// Swift's tasks share.
package final class Database: @unchecked Sendable {
    private let connection: OpaquePointer?
    private let queue = DispatchQueue(label: "database")

    package init(_ file: String) throws {
        var connection: OpaquePointer?
        let status = sqlite3_open(file, &connection)
        self.connection = connection
        guard status == SQLITE_OK else { throw problem() }
        // Another instance may be writing.
        sqlite3_busy_timeout(connection, 10_000)
        try run(
            """
            CREATE TABLE IF NOT EXISTS orders (
                topic TEXT, partition INTEGER, "offset" INTEGER, number INTEGER, customer TEXT, cents INTEGER
            )
            """
        )
        try run(
            """
            CREATE TABLE IF NOT EXISTS offsets (
                topic TEXT, partition INTEGER, next INTEGER, PRIMARY KEY (topic, partition)
            )
            """
        )
    }

    deinit {
        sqlite3_close(connection)
    }

    // MARK: Calls

    /// Where a partition goes on; nil if nothing of it was stored.
    package func nextOffset(of partition: KafkaTopicPartition) async throws -> Int64? {
        try await onQueue { database in try database.next(partition) }
    }

    package func count() async throws -> Int {
        try await onQueue { database in
            try database.run("SELECT count(*) FROM orders").map { Int($0) } ?? 0
        }
    }

    /// Stores messages and where their partitions go on: all of it, or nothing.
    ///
    /// Messages that are stored already are passed over, each by itself: a member that the group has given up on, say because its
    /// process was stopped, may store what it has in hand after the next owner has looked where to begin, or the other way
    /// round. Whoever comes second has them for nothing, and its other messages are new.
    ///
    /// - Returns: how many were new.
    @discardableResult
    package func store(_ batch: [KafkaMessage]) async throws -> Int {
        try await onQueue { database in
            // Immediate: nobody else writes between the look at the offsets and the end.
            try database.run("BEGIN IMMEDIATE")
            do {
                var count = 0
                for message in batch where try database.insert(message) { count += 1 }
                try database.run("COMMIT")
                return count
            } catch {
                _ = try? database.run("ROLLBACK")
                throw error
            }
        }
    }

    private func onQueue<Result: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Swift.Result { try body(self) }) }
        }
    }

    // MARK: On the queue

    private func next(_ partition: KafkaTopicPartition) throws -> Int64? {
        try run(
            "SELECT next FROM offsets WHERE topic = ? AND partition = ?",
            .text(partition.topic),
            .number(Int64(partition.partition))
        )
    }

    /// Returns whether it is new. Offsets may have gaps, of transaction markers and of compaction.
    private func insert(_ message: KafkaMessage) throws -> Bool {
        let partition = message.topicPartition
        if let next = try next(partition), message.offset < next { return false }
        let place = [Value.text(partition.topic), .number(Int64(partition.partition))]
        // What is no order has its place all the same.
        let order = try? Order(message.value ?? KafkaBytes())
        try run(
            "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)",
            place + [
                .number(message.offset), order.map { .number(Int64($0.number)) } ?? .null,
                order.map { .text($0.customer) } ?? .null, order.map { .number(Int64($0.cents)) } ?? .null,
            ]
        )
        try run("INSERT OR REPLACE INTO offsets VALUES (?, ?, ?)", place + [.number(message.offset + 1)])
        return true
    }

    private enum Value {
        case null
        case number(Int64)
        case text(String)
    }

    @discardableResult
    private func run(_ text: String, _ values: Value...) throws -> Int64? {
        try run(text, values)
    }

    /// Runs a statement; returns the number that it finds, if it finds one.
    @discardableResult
    private func run(_ text: String, _ values: [Value]) throws -> Int64? {
        var statement: OpaquePointer?
        defer { sqlite3_finalize(statement) }
        guard sqlite3_prepare_v2(connection, text, -1, &statement, nil) == SQLITE_OK else { throw problem() }
        // SQLITE_TRANSIENT, a macro that Swift does not see: the text is copied.
        let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        for (index, value) in values.enumerated() {
            let column = Int32(index + 1)
            switch value {
            case .null: sqlite3_bind_null(statement, column)
            case .number(let number): sqlite3_bind_int64(statement, column, number)
            case .text(let text): sqlite3_bind_text(statement, column, text, Int32(text.utf8.count), copied)
            }
        }
        switch sqlite3_step(statement) {
        case SQLITE_ROW: return sqlite3_column_int64(statement, 0)
        case SQLITE_DONE: return nil
        default: throw problem()
        }
    }

    private func problem() -> DatabaseError {
        DatabaseError(description: String(cString: sqlite3_errmsg(connection)))
    }
}

/// What SQLite says.
struct DatabaseError: Error, CustomStringConvertible {
    let description: String
}
