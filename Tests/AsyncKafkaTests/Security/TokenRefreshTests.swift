import Foundation
import Testing

@testable import AsyncKafka

struct TokenRefreshTests {
    private static let start = ContinuousClock.now
    private static let date = Date(timeIntervalSince1970: 1_800_000_000)

    private struct Failure: Error {}

    /// Both clocks.
    private struct Time {
        let now: ContinuousClock.Instant
        let date: Date

        init(_ seconds: Double) {
            now = TokenRefreshTests.start + .seconds(seconds)
            date = TokenRefreshTests.date.addingTimeInterval(seconds)
        }
    }

    private func token(until seconds: Double, value: KafkaSecret = "abc.def.") -> KafkaToken {
        KafkaToken(value: value, principal: "alice", expiration: Self.date.addingTimeInterval(seconds))
    }

    private func request(_ refresh: inout TokenRefresh, at seconds: Double) -> UInt64? {
        refresh.requested(now: Time(seconds).now, date: Time(seconds).date).call
    }

    private func expire(_ refresh: inout TokenRefresh, at seconds: Double) -> TokenRefresh.Action {
        refresh.expire(now: Time(seconds).now, date: Time(seconds).date, jitter: 1)
    }

    private func answer(
        _ refresh: inout TokenRefresh,
        _ call: UInt64,
        _ result: Result<KafkaToken, any Error>,
        at seconds: Double
    ) -> TokenRefresh.Action {
        refresh.answered(call, result, now: Time(seconds).now, date: Time(seconds).date, jitter: 1)
    }

    private func deadline(_ refresh: TokenRefresh) -> Double? {
        refresh.deadline.map { ($0 - Self.start) / .seconds(1) }
    }

    @Test func theProviderIsAskedWhenLibrdkafkaWantsATokenAndAgainAtFourFifthsOfItsLifetime() throws {
        var refresh = TokenRefresh(timeLimit: .seconds(30))
        #expect(refresh.deadline == nil, "librdkafka asks first")
        let call = try #require(request(&refresh, at: 0))
        #expect(deadline(refresh) == 30)
        #expect(answer(&refresh, call, .success(token(until: 100)), at: 0).token == token(until: 100))
        #expect(deadline(refresh) == 80)
        #expect(expire(&refresh, at: 79.9).call == nil)
        #expect(expire(&refresh, at: 80).call != nil)
    }

    @Test func oneCallIsWaitedForAtATime() throws {
        var refresh = TokenRefresh(timeLimit: .seconds(30))
        let call = try #require(request(&refresh, at: 0))
        #expect(request(&refresh, at: 1) == nil)
        _ = answer(&refresh, call, .success(token(until: 100)), at: 2)
        // It may have asked while the token was on its way.
        #expect(request(&refresh, at: 3) == nil, "there is a fresh one")
    }

    @Test func aClockThatIsSetForwardHasTheTokenReplaced() throws {
        var refresh = TokenRefresh(timeLimit: .seconds(30))
        let call = try #require(request(&refresh, at: 0))
        _ = answer(&refresh, call, .success(token(until: 100)), at: 0)
        // librdkafka looks at the calendar.
        let action = refresh.requested(now: Time(1).now, date: Time(3600).date)
        #expect(action.call != nil)
    }

    @Test func aFailureIsToldAndTheProviderAskedAgainEverMoreRarely() throws {
        var refresh = TokenRefresh(timeLimit: .seconds(30))
        var call = try #require(request(&refresh, at: 0))
        var time = 0.0
        for pause in [1.0, 2, 4, 8, 10, 10] {
            let failure = try #require(answer(&refresh, call, .failure(Failure()), at: time).failure)
            #expect(failure.error.code == .tokenProviderFailed)
            #expect(failure.error.underlyingError is Failure)
            #expect(failure.isRepeated == (time > 0))
            #expect(deadline(refresh) == time + pause)
            #expect(request(&refresh, at: time) == nil, "librdkafka does not hurry it")
            time += pause
            call = try #require(expire(&refresh, at: time).call)
        }
        _ = answer(&refresh, call, .success(token(until: time + 100)), at: time)
        #expect(deadline(refresh) == time + 80)
        call = try #require(expire(&refresh, at: time + 80).call)
        let failure = try #require(answer(&refresh, call, .failure(Failure()), at: time + 81).failure)
        #expect(!failure.isRepeated)
        #expect(failure.error.message.contains("still good"), "\(failure.error)")
        #expect(deadline(refresh) == time + 82, "the pauses begin anew")
        call = try #require(expire(&refresh, at: time + 82).call)
        let last = try #require(answer(&refresh, call, .failure(Failure()), at: time + 101).failure)
        #expect(!last.isRepeated, "it has another consequence")
        #expect(last.error.message.contains("expired"), "\(last.error)")
    }

    @Test func aCallThatTakesTooLongIsGivenUpAndItsLateAnswerDropped() throws {
        var refresh = TokenRefresh(timeLimit: .seconds(30))
        let call = try #require(request(&refresh, at: 0))
        #expect(expire(&refresh, at: 29).failure == nil)
        guard case .giveUp(let failure) = expire(&refresh, at: 30) else {
            Issue.record("the call goes on")
            return
        }
        #expect(failure.error.message.contains("30"), "\(failure.error)")
        #expect(answer(&refresh, call, .success(token(until: 100)), at: 30.5).token == nil)
        let next = try #require(expire(&refresh, at: 31).call)
        #expect(answer(&refresh, call, .success(token(until: 100)), at: 31).token == nil, "another is waited for")
        #expect(answer(&refresh, next, .success(token(until: 100)), at: 31).token != nil)
    }

    @Test func whatCannotBeUsedIsRefusedInASentenceWithoutTheToken() throws {
        var named = token(until: 100)
        named.extensions = ["logical-cluster": "x"]
        var reserved = token(until: 100)
        reserved.extensions = ["auth": "x"]
        var foreign = token(until: 100)
        foreign.extensions = ["cluster": "größe"]
        let tokens = [
            (token(until: -5), "expired 5 s ago"), (token(until: 0), "expired"), (token(until: .nan), "no date"),
            (token(until: 100, value: ""), "empty"), (token(until: 100, value: "abc def"), "blank"),
            (token(until: 100, value: "abc\n"), "line feed"), (token(until: 100, value: "abcé"), "character"),
            (named, "logical-cluster"), (reserved, "auth"), (foreign, "cluster"),
        ]
        for (token, word) in tokens {
            var refresh = TokenRefresh(timeLimit: .seconds(30))
            let call = try #require(request(&refresh, at: 0))
            let error = try #require(answer(&refresh, call, .success(token), at: 0).failure?.error)
            #expect(error.code == .tokenProviderFailed)
            #expect(error.message.contains(word), "\(error)")
            #expect(!error.description.contains("abc") && !error.description.contains("größe"), "\(error)")
        }
    }

    @Test func noLifetimeHasTheProviderAskedWithoutAPause() throws {
        var refresh = TokenRefresh(timeLimit: .seconds(30))
        var call = try #require(request(&refresh, at: 0))
        _ = answer(&refresh, call, .success(token(until: 0.001)), at: 0)
        #expect(deadline(refresh) == 1)
        call = try #require(expire(&refresh, at: 1).call)
        #expect(answer(&refresh, call, .success(token(until: 1e300)), at: 1).token != nil)
        #expect(token(until: 1e300).expirationMilliseconds > 0)
        #expect(token(until: -.infinity).expirationMilliseconds == 0)
    }

    @Test func aTokenThatABrokerRefusesIsReplacedButNotInALoop() throws {
        var refresh = TokenRefresh(timeLimit: .seconds(30))
        #expect(refresh.refused(now: Time(0).now).call == nil)
        let call = try #require(request(&refresh, at: 0))
        _ = answer(&refresh, call, .success(token(until: 1000)), at: 0)
        #expect(refresh.refused(now: Time(0.5).now).call == nil)
        #expect(deadline(refresh) == 1, "it may not be said again, and was perhaps too young")
        #expect(refresh.refused(now: Time(0.6).now).call == nil)
        #expect(deadline(refresh) == 1)
        var next = try #require(expire(&refresh, at: 1).call)
        #expect(refresh.refused(now: Time(2).now).call == nil, "one call at a time")
        _ = answer(&refresh, next, .success(token(until: 1000)), at: 3)
        #expect(refresh.refused(now: Time(4).now).call == nil)
        #expect(deadline(refresh) == 11)
        next = try #require(expire(&refresh, at: 11).call)
        _ = answer(&refresh, next, .success(token(until: 1000)), at: 12)
        #expect(refresh.refused(now: Time(22).now).call != nil)
    }

    @Test func theEndCancelsAndNobodyIsAskedAnyMore() throws {
        var refresh = TokenRefresh(timeLimit: .seconds(30))
        let call = try #require(request(&refresh, at: 0))
        guard case .end = refresh.end() else {
            Issue.record("the call goes on")
            return
        }
        #expect(refresh.deadline == nil)
        #expect(answer(&refresh, call, .success(token(until: 100)), at: 1).token == nil)
        #expect(request(&refresh, at: 2) == nil)
    }
}

extension TokenRefresh.Action {
    fileprivate var call: UInt64? {
        guard case .ask(let call) = self else { return nil }
        return call
    }

    fileprivate var token: KafkaToken? {
        guard case .set(let token) = self else { return nil }
        return token
    }

    fileprivate var failure: TokenRefresh.Failure? {
        guard case .fail(let failure) = self else { return nil }
        return failure
    }
}
