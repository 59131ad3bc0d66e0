import ExampleSupport
import Foundation

/// Shows how far the run is: a line each second, in place on a terminal.
struct Progress {
    let ledger: Ledger
    let messages: Int

    /// Until its task is cancelled.
    func show() async {
        var last = 0
        await everySecond {
            let counts = ledger.counts
            let line =
                "sent \(grouped(counts.sent)), delivered \(grouped(counts.delivered)), "
                + "processed \(grouped(counts.processed)) of \(grouped(messages)), "
                + "\(grouped(counts.processed - last)) messages/s"
            last = counts.processed
            if outputIsTerminal {
                print("\r\u{1B}[K\(line)", terminator: "")
                fflush(nil)
            } else {
                print(line)
            }
        }
    }

    /// A line of its own, whatever stands on the terminal.
    static func note(_ line: String) {
        print(outputIsTerminal ? "\r\u{1B}[K\(line)" : line)
    }
}

/// `1,234,567`.
func grouped(_ number: some BinaryInteger) -> String {
    var digits = String(number)
    var index = digits.count - 3
    while index > 0 {
        digits.insert(",", at: digits.index(digits.startIndex, offsetBy: index))
        index -= 3
    }
    return digits
}
