// swift-tools-version: 6.2
import PackageDescription

// The Thread Sanitizer does not intercept the C11 threads that librdkafka uses. `Scripts/stress` sets this variable for its
// builds, which then link C11 threads defined over pthreads into the test executable, and tell the sanitizer what happens
// before what where the runtime does not (Suspension.swift).
let threadSanitizer = Context.environment["ASYNC_KAFKA_THREAD_SANITIZER"] != nil

// Every target of the package compiles with these.
let settings: [SwiftSetting] =
    [
        .swiftLanguageMode(.v6),
        // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0409-access-level-on-imports.md
        .enableUpcomingFeature("InternalImportsByDefault"),
        // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
        .enableUpcomingFeature("ExistentialAny"),
        // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0444-member-import-visibility.md
        .enableUpcomingFeature("MemberImportVisibility"),
        // Lets a property of ours return a span: `KafkaBytes.bytes`.
        .enableExperimentalFeature("Lifetimes"),
    ] + (threadSanitizer ? [.define("THREAD_SANITIZER")] : [])

// Whatever does not touch C compiles with strict memory safety on top.
// https://github.com/swiftlang/swift-evolution/blob/main/proposals/0458-strict-memory-safety.md
let safe: [SwiftSetting] = settings + [.strictMemorySafety()]

let sanitizerSupport: [Target.Dependency] = threadSanitizer ? ["PthreadC11Threads"] : []

let package = Package(
    name: "async-kafka",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "AsyncKafka", targets: ["AsyncKafka"]),
        .library(name: "AsyncKafkaOIDC", targets: ["AsyncKafkaOIDC"]),
        .library(name: "AsyncKafkaTesting", targets: ["AsyncKafkaTesting"]),
    ],
    targets: [
        .systemLibrary(
            name: "CRdKafka",
            pkgConfig: "rdkafka",
            providers: [.apt(["librdkafka-dev"]), .brew(["librdkafka"])]
        ),
        .target(name: "RdKafka", dependencies: ["CRdKafka"], swiftSettings: settings),
        .target(name: "AsyncKafka", dependencies: ["RdKafka"], swiftSettings: safe),
        .target(name: "AsyncKafkaOIDC", dependencies: ["AsyncKafka"], swiftSettings: safe),
        .target(name: "AsyncKafkaTesting", dependencies: ["AsyncKafka", "RdKafka"], swiftSettings: safe),
        .target(
            name: "TestSupport",
            dependencies: ["AsyncKafka", "CRdKafka", "RdKafka"],
            path: "Tests/TestSupport",
            exclude: ["token-server.py"],
            swiftSettings: settings
        ),
        // Processes that the tests kill.
        .executableTarget(
            name: "TransformMember",
            dependencies: ["AsyncKafka"] + sanitizerSupport,
            path: "Tests/TransformMember",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "ChurnMember",
            dependencies: ["AsyncKafka", "TestSupport"] + sanitizerSupport,
            path: "Tests/ChurnMember",
            swiftSettings: settings
        ),
        .testTarget(
            name: "RdKafkaTests",
            dependencies: ["RdKafka", "TestSupport"] + sanitizerSupport,
            swiftSettings: safe
        ),
        .testTarget(
            name: "AsyncKafkaTests",
            dependencies: ["AsyncKafka", "AsyncKafkaTesting", "RdKafka", "TestSupport"] + sanitizerSupport,
            swiftSettings: safe
        ),
        .testTarget(
            name: "AsyncKafkaOIDCTests",
            dependencies: ["AsyncKafka", "AsyncKafkaOIDC", "TestSupport"] + sanitizerSupport,
            swiftSettings: safe
        ),
        .testTarget(
            name: "AsyncKafkaTestingTests",
            dependencies: ["AsyncKafka", "AsyncKafkaTesting"] + sanitizerSupport,
            swiftSettings: safe
        ),
        .testTarget(
            name: "IntegrationTests",
            // RdKafka for its lock alone, which the Thread Sanitizer understands.
            dependencies: [
                "AsyncKafka", "AsyncKafkaOIDC", "RdKafka", "TestSupport", "ChurnMember", "TransformMember",
            ] + sanitizerSupport,
            swiftSettings: safe
        ),
    ]
)

if threadSanitizer {
    package.targets.append(.target(name: "PthreadC11Threads", path: "Tests/PthreadC11Threads"))
}
