import TestSupport
import Testing

@testable import AsyncKafka

struct BacklogTests {
    @Test
    func whatCameLaterComesBehind() {
        var backlog = Backlog<Int>()
        #expect(backlog.isEmpty)
        #expect(backlog.popFirst() == nil)
        backlog.append([1, 2])
        backlog.append([3])
        backlog.append(4)
        #expect(backlog.count == 4)
        #expect(backlog.first == 1)
        #expect((1...5).map { _ in backlog.popFirst() } == [1, 2, 3, 4, nil])
        #expect(backlog.isEmpty)
    }

    @Test
    func thereIsRoomWhenNothingIsUntouched() {
        var backlog = Backlog<Int>()
        #expect(backlog.hasRoom)
        backlog.append([1, 2])
        #expect(!backlog.hasRoom)
        #expect(backlog.popBegun() == nil, "that is what it is for: whoever begins says so")
        #expect(backlog.popFirst() == 1)
        #expect(backlog.hasRoom)
        backlog.append([3, 4])
        #expect(!backlog.hasRoom)
        #expect(backlog.popBegun() == 2)
        #expect(backlog.last == 2)
        #expect(backlog.popBegun() == nil)
        #expect(backlog.last == 2)
        #expect(backlog.popFirst() == 3)
        #expect(backlog.last == 3)
        #expect(backlog.hasRoom)
        #expect(backlog.take(1) == [4])
        #expect(backlog.hasRoom)
    }

    @Test
    func takingIsUpToALimit() {
        var backlog = Backlog<Int>()
        backlog.append([1, 2, 3])
        backlog.append([4, 5])
        #expect(backlog.take(2) == [1, 2])
        #expect(backlog.take(2) == [3, 4])
        #expect(backlog.take(2) == [5])
        #expect(backlog.take(2) == [])
        backlog.append([6, 7])
        #expect(backlog.popFirst() == 6)
        #expect(backlog.take(.max) == [7])
    }

    @Test
    func atRandomItIsAnArray() {
        for seed in UInt64(0)..<100 {
            var random = SplitMix(state: seed)
            var backlog = Backlog<Int>()
            var model: [Int] = []
            var number = 0
            func fresh(_ count: Int) -> [Int] {
                defer { number += count }
                return Array(number..<number + count)
            }
            for _ in 0..<300 {
                let count = Int.random(in: 0...4, using: &random)
                switch Int.random(in: 0..<8, using: &random) {
                case 0:
                    let more = fresh(count)
                    backlog.append(more)
                    model += more
                case 1:
                    let more = fresh(1)
                    backlog.append(more[0])
                    model += more
                case 2:
                    let more = fresh(count)
                    backlog.putFirst(more)
                    model = more + model
                case 3:
                    backlog.removeAll { $0 % 3 == 0 }
                    model.removeAll { $0 % 3 == 0 }
                case 4:
                    let taken = backlog.take(count + 1)
                    #expect(taken == Array(model.prefix(count + 1)))
                    model.removeFirst(taken.count)
                case 5 where count == 0:
                    #expect(backlog.takeAll() == model)
                    model = []
                default:
                    #expect(backlog.popFirst() == model.first)
                    if !model.isEmpty { model.removeFirst() }
                }
                #expect(backlog.count == model.count)
                #expect(backlog.isEmpty == model.isEmpty)
                #expect(backlog.first == model.first)
                #expect(Array(backlog.messages) == model)
            }
        }
    }
}
