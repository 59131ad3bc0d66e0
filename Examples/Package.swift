// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let kafka: [Target.Dependency] = [
    .product(name: "AsyncKafka", package: "async-kafka")
]
let kafkaTesting: [Target.Dependency] = [
    .product(name: "AsyncKafkaTesting", package: "async-kafka")
]

let package = Package(
    name: "Examples",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "async-kafka", path: "..")
    ],
    targets: [
        .executableTarget(
            name: "Quickstart",
            dependencies: kafka + ["ExampleSupport", "Orders"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "ProducerDeliveryReports",
            dependencies: kafka + ["ExampleSupport", "Orders"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "PendingDeliveries",
            dependencies: kafka + ["ExampleSupport", "Orders"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "DeliveryReportStream",
            dependencies: kafka + ["ExampleSupport", "Orders"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "BatchImport",
            dependencies: kafka + ["ExampleSupport", "Orders"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "ConsumerCommitAfterProcessing",
            dependencies: kafka + ["ExampleSupport", "Orders"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "DeadLetters",
            dependencies: kafka + ["ExampleSupport", "Orders"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "GroupDashboard",
            dependencies: kafka + ["ExampleSupport", "Orders"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "TaskPerPartition",
            dependencies: kafka + ["ExampleSupport", "Orders"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "ReplayByTime",
            dependencies: kafka + ["ExampleSupport", "Orders"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "TopicProvisioning",
            dependencies: kafka + ["ExampleSupport"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "SecureClient",
            dependencies: kafka + ["ExampleSupport"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "OAuthProvider",
            dependencies: kafka + ["ExampleSupport"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "OAuthProviderTests",
            dependencies: kafka + ["OAuthProvider"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "AccessControl",
            dependencies: kafka + ["ExampleSupport"],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "ExactlyOnceWordCount",
            dependencies: kafka + ["ExampleSupport"],
            swiftSettings: settings
        ),
        // The database brings its own library; the other examples do without.
        .systemLibrary(
            name: "CSQLite",
            pkgConfig: "sqlite3",
            providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite"])]
        ),
        .executableTarget(
            name: "SQLiteBatches",
            dependencies: kafka + ["CSQLite", "ExampleSupport", "Orders"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "SQLiteBatchesTests",
            dependencies: kafka + kafkaTesting + ["CSQLite", "Orders", "SQLiteBatches"],
            swiftSettings: settings
        ),
        // A service, and its tests on a cluster within the test process.
        .target(name: "OrderService", dependencies: kafka + ["Orders"], swiftSettings: settings),
        .testTarget(
            name: "OrderServiceTests",
            dependencies: kafka + kafkaTesting + ["OrderService", "Orders"],
            swiftSettings: settings
        ),
        // What the examples share: the records, and arguments, brokers and signals.
        .target(name: "Orders", dependencies: kafka, swiftSettings: settings),
        .target(name: "ExampleSupport", dependencies: kafkaTesting, swiftSettings: settings),
        // The README's code, compiled and held against the README.
        .target(name: "Snippets", dependencies: kafka, swiftSettings: settings),
        .testTarget(
            name: "ReadmeTests",
            dependencies: kafka + kafkaTesting + ["Snippets"],
            swiftSettings: settings
        ),
    ]
)
