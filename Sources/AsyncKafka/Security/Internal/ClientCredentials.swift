import RdKafka

/// What a client logs in with, as far as that changes while the client lives: the token, or user name and password.
///
/// Belongs to the client's thread but for the handles that an admin client makes on blocking threads: those are added before they are
/// used, and removed before they are destroyed.
final class ClientCredentials: Sendable {
    private struct State {
        var handles: [Handle] = []
        var token: KafkaToken?
        var password: (username: String, password: KafkaSecret)?
    }

    private let state: Locked<State>

    init(_ handle: Handle) {
        state = Locked(State(handles: [handle]))
    }

    /// Has a handle get what is in force, and what comes later.
    func add(_ handle: Handle) {
        state.withLock { state in
            state.handles.append(handle)
            if let token = state.token { _ = handle.setToken(token) }
            if let (username, password) = state.password {
                _ = handle.setCredentials(username: username, password: password.text)
            }
        }
    }

    func remove(_ handle: Handle) {
        state.withLock { $0.handles.removeAll { $0 === handle } }
    }

    /// What a handle that is about to be made logs in with.
    func apply(to configuration: borrowing Configuration) {
        guard let (username, password) = state.withLock({ $0.password }) else { return }
        _ = configuration.set("sasl.username", username)
        _ = configuration.set("sasl.password", password.text)
    }

    /// Has connections that begin from now on, and those that wait for a token, show this one.
    ///
    /// - Returns: what librdkafka has against it.
    func set(_ token: KafkaToken) -> EngineError? {
        state.withLock { state in
            for handle in state.handles {
                let code = handle.setToken(token)
                if code != 0 { return EngineError(code: code) }
            }
            state.token = token
            return nil
        }
    }

    /// Has connections that begin from now on log in with these.
    func set(username: String, password: KafkaSecret) throws(KafkaError) {
        let mechanism = state.withLock { $0.handles.first?.saslMechanism }
        switch mechanism {
        case nil:
            throw KafkaError(.invalidState, "this client has no user name and password: it does not log in by SASL")
        case "GSSAPI":
            throw KafkaError(
                .invalidState,
                "this client logs in by Kerberos (GSSAPI), which has no password: renew the ticket, or change the keytab"
            )
        case "OAUTHBEARER":
            throw KafkaError(.invalidState, "this client shows a token (OAUTHBEARER): its provider brings another")
        case let mechanism?:
            guard !username.isEmpty, !username.utf8.contains(0), !password.text.utf8.contains(0) else {
                throw KafkaError(
                    .invalidArgument,
                    "\(mechanism) needs a user name, and neither it nor the password can have a NUL in it"
                )
            }
        }
        let error = state.withLock { state -> EngineError? in
            for handle in state.handles {
                if let error = handle.setCredentials(username: username, password: password.text) { return error }
            }
            state.password = (username, password)
            return nil
        }
        if let error { throw KafkaError(error) }
    }
}

extension Handle {
    fileprivate func setToken(_ token: KafkaToken) -> Int32 {
        setToken(
            token.value.text,
            expiration: token.expirationMilliseconds,
            principal: token.principal,
            extensions: token.extensions
        )
    }
}
