import CRdKafka

/// A user's SCRAM credentials, as far as a broker tells: never the password.
package struct ScramUser: Sendable {
    package struct Credential: Sendable {
        /// `rd_kafka_ScramMechanism_t`: 1 is SHA-256, 2 SHA-512.
        package var mechanism: UInt32
        package var iterations: Int
    }

    package var name: String
    package var error: EngineError?
    package var credentials: [Credential]
}

/// A change of one credential of a user.
package struct ScramChange: Sendable {
    package var user: String
    package var mechanism: UInt32
    /// Nil: the credential is removed.
    package var new: (password: [UInt8], iterations: Int32)?

    package init(user: String, mechanism: UInt32, new: (password: [UInt8], iterations: Int32)?) {
        self.user = user
        self.mechanism = mechanism
        self.new = new
    }
}

extension AdminRequest<[ScramUser]> {
    /// Nil before librdkafka 2.2.
    ///
    /// - Parameter users: empty is all.
    package static func describeScramUsers(_ users: [String]) -> AdminRequest? {
        guard let calls = ScramCalls.shared else { return nil }
        return AdminRequest("describe SCRAM users", ScramCalls.describeOperation) { client, options, queue in
            withCStrings(users) { calls.describe(client, $1 == 0 ? nil : $0, $1, options, queue) }
        } read: { event in
            let result = calls.describeResult(event)
            return rows({ calls.descriptions(result, $0) }) { user in
                ScramUser(
                    name: string(calls.userOfDescription(user)),
                    error: EngineError(calls.errorOfDescription(user)).flatMap { $0.code == 0 ? nil : $0 },
                    credentials: (0..<calls.credentialCount(user)).compactMap { index in
                        calls.credential(user, index).map { info in
                            ScramUser.Credential(
                                mechanism: calls.mechanism(info),
                                iterations: Int(calls.iterations(info))
                            )
                        }
                    }
                )
            }
        }
    }
}

extension AdminRequest<[AdminItem]> {
    /// Nil before librdkafka 2.2. The answer has an entry for each user.
    package static func alterScramUsers(_ changes: [ScramChange]) -> AdminRequest? {
        guard let calls = ScramCalls.shared else { return nil }
        return AdminRequest("alter SCRAM users", ScramCalls.alterOperation) {
            (client, options, queue) throws(EngineError) in
            var list = RequestObjects { calls.free($0) }
            for change in changes {
                _ = try list.add { _, _ in
                    guard let new = change.new else { return calls.deletion(change.user, change.mechanism) }
                    // Without a salt librdkafka draws one.
                    return calls.upsertion(
                        change.user,
                        change.mechanism,
                        new.iterations,
                        new.password,
                        new.password.count,
                        nil,
                        0
                    )
                }
            }
            list.lend { calls.alter(client, $0, $1, options, queue) }
        } read: { event in
            let result = calls.alterResult(event)
            return rows({ calls.responses(result, $0) }) { response in
                AdminItem(
                    name: string(calls.userOfResponse(response)),
                    error: EngineError(calls.errorOfResponse(response)).flatMap { $0.code == 0 ? nil : $0 }
                )
            }
        }
    }
}

/// DescribeUserScramCredentials and AlterUserScramCredentials (KIP-554), from librdkafka 2.2 on.
private struct ScramCalls: Sendable {
    typealias Rows =
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<Int>?) -> UnsafeMutablePointer<OpaquePointer?>?
    typealias Part = @convention(c) (OpaquePointer?) -> OpaquePointer?
    typealias Text = @convention(c) (OpaquePointer?) -> UnsafePointer<CChar>?
    typealias Describe =
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<UnsafePointer<CChar>?>?, Int, OpaquePointer?, OpaquePointer?
        ) -> Void
    typealias Alter =
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<OpaquePointer?>?, Int, OpaquePointer?, OpaquePointer?) ->
        Void
    typealias Upsertion =
        @convention(c) (
            UnsafePointer<CChar>?, UInt32, Int32, UnsafePointer<UInt8>?, Int, UnsafePointer<UInt8>?, Int
        ) -> OpaquePointer?
    typealias Deletion = @convention(c) (UnsafePointer<CChar>?, UInt32) -> OpaquePointer?
    typealias Free = @convention(c) (OpaquePointer?) -> Void
    typealias Count = @convention(c) (OpaquePointer?) -> Int
    typealias Element = @convention(c) (OpaquePointer?, Int) -> OpaquePointer?
    typealias Mechanism = @convention(c) (OpaquePointer?) -> UInt32
    typealias Iterations = @convention(c) (OpaquePointer?) -> Int32

    /// `RD_KAFKA_ADMIN_OP_DESCRIBEUSERSCRAMCREDENTIALS`.
    static let describeOperation = rd_kafka_admin_op_t(17)
    /// `RD_KAFKA_ADMIN_OP_ALTERUSERSCRAMCREDENTIALS`.
    static let alterOperation = rd_kafka_admin_op_t(18)

    let describe: Describe
    let describeResult: Part
    let descriptions: Rows
    let userOfDescription: Text
    let errorOfDescription: Part
    let credentialCount: Count
    let credential: Element
    let mechanism: Mechanism
    let iterations: Iterations
    let alter: Alter
    let alterResult: Part
    let responses: Rows
    let userOfResponse: Text
    let errorOfResponse: Part
    let upsertion: Upsertion
    let deletion: Deletion
    let free: Free

    static let shared = ScramCalls()

    private init?() {
        let description = "rd_kafka_UserScramCredentialsDescription_"
        let response = "rd_kafka_AlterUserScramCredentials_result_response"
        guard
            let describe = EngineSymbol.find("rd_kafka_DescribeUserScramCredentials", as: Describe.self),
            let describeResult = EngineSymbol.find(
                "rd_kafka_event_DescribeUserScramCredentials_result",
                as: Part.self
            ),
            let descriptions = EngineSymbol.find(
                "rd_kafka_DescribeUserScramCredentials_result_descriptions",
                as: Rows.self
            ),
            let userOfDescription = EngineSymbol.find("\(description)user", as: Text.self),
            let errorOfDescription = EngineSymbol.find("\(description)error", as: Part.self),
            let credentialCount = EngineSymbol.find("\(description)scramcredentialinfo_count", as: Count.self),
            let credential = EngineSymbol.find("\(description)scramcredentialinfo", as: Element.self),
            let mechanism = EngineSymbol.find("rd_kafka_ScramCredentialInfo_mechanism", as: Mechanism.self),
            let iterations = EngineSymbol.find("rd_kafka_ScramCredentialInfo_iterations", as: Iterations.self),
            let alter = EngineSymbol.find("rd_kafka_AlterUserScramCredentials", as: Alter.self),
            let alterResult = EngineSymbol.find("rd_kafka_event_AlterUserScramCredentials_result", as: Part.self),
            let responses = EngineSymbol.find("\(response)s", as: Rows.self),
            let userOfResponse = EngineSymbol.find("\(response)_user", as: Text.self),
            let errorOfResponse = EngineSymbol.find("\(response)_error", as: Part.self),
            let upsertion = EngineSymbol.find("rd_kafka_UserScramCredentialUpsertion_new", as: Upsertion.self),
            let deletion = EngineSymbol.find("rd_kafka_UserScramCredentialDeletion_new", as: Deletion.self),
            let free = EngineSymbol.find("rd_kafka_UserScramCredentialAlteration_destroy", as: Free.self)
        else { return nil }
        self.describe = describe
        self.describeResult = describeResult
        self.descriptions = descriptions
        self.userOfDescription = userOfDescription
        self.errorOfDescription = errorOfDescription
        self.credentialCount = credentialCount
        self.credential = credential
        self.mechanism = mechanism
        self.iterations = iterations
        self.alter = alter
        self.alterResult = alterResult
        self.responses = responses
        self.userOfResponse = userOfResponse
        self.errorOfResponse = errorOfResponse
        self.upsertion = upsertion
        self.deletion = deletion
        self.free = free
    }
}
