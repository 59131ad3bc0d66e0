// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "async-kafka-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "async-kafka", path: "..")],
    targets: [
        // What raw librdkafka does with the same work, in the same run.
        .target(name: "CBaseline", linkerSettings: [.linkedLibrary("rdkafka")]),
        .executableTarget(
            name: "Benchmark",
            dependencies: [
                "CBaseline",
                .product(name: "AsyncKafka", package: "async-kafka"),
                .product(name: "AsyncKafkaTesting", package: "async-kafka"),
            ]
        ),
        // Takes malloc's place, hence in a program of its own.
        .target(name: "CAllocations"),
        .executableTarget(
            name: "Allocations",
            dependencies: [
                "CAllocations",
                .product(name: "AsyncKafka", package: "async-kafka"),
                .product(name: "AsyncKafkaTesting", package: "async-kafka"),
            ]
        ),
    ],
    swiftLanguageModes: [.v6]
)
