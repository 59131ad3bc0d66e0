import Foundation

/// A process of its own for a job: its memory and its processor time are those of the job.
enum Child {
    /// Seconds after which it is given up.
    static let limit = 180.0

    /// - Parameter tool: a program that runs it, and its arguments.
    static func run(_ job: Job, python: String?, script: String, under tool: [String] = []) throws -> Outcome {
        let process = Process()
        let text = String(decoding: try JSONEncoder().encode(job), as: UTF8.self)
        if job.way.isPython, let python {
            process.executableURL = URL(fileURLWithPath: python)
            process.arguments = [script, text]
        } else if tool.isEmpty {
            process.executableURL = Bundle.main.executableURL
            process.arguments = ["--job", text]
        } else {
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = tool + [Bundle.main.executablePath ?? CommandLine.arguments[0], "--job", text]
        }
        if let library = job.preload {
            process.environment = ProcessInfo.processInfo.environment.merging(["LD_PRELOAD": library]) { $1 }
        }
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let identifier = process.processIdentifier
        let alarm = DispatchWorkItem { kill(identifier, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + limit, execute: alarm)
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        alarm.cancel()
        guard process.terminationStatus == 0, process.terminationReason == .exit else {
            let status = process.terminationStatus
            throw Failure(
                process.terminationReason == .exit ? "ended with status \(status)" : "ended by signal \(status)"
            )
        }
        return try JSONDecoder().decode(Outcome.self, from: data)
    }
}
