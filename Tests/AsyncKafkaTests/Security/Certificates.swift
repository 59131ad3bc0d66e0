import Foundation
import Testing

/// A certificate of the tests' own, its key, and another key. They open nothing.
enum Certificates {
    static let passphrase = "hunter2-passphrase"

    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBdDCCARugAwIBAgIUWTZ/Xu41+IrGQA8F0l1PtIBL6m0wCgYIKoZIzj0EAwIw
        DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjYwODA0MzhaGA8yMTI2MTEwMjA4MDQz
        OFowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABPjR
        JJ3u6jQAwKLn0U1MsPpCjPh+/VHMsNRAWVR1PS4ekadcK6bmUEVQnftI4sWImy/P
        YYmt1B/lJwDGb/B9RJCjUzBRMB0GA1UdDgQWBBRYFVrSSvCTTTn1kX8hgK7kPLyl
        GTAfBgNVHSMEGDAWgBRYFVrSSvCTTTn1kX8hgK7kPLylGTAPBgNVHRMBAf8EBTAD
        AQH/MAoGCCqGSM49BAMCA0cAMEQCIAq0rkOLCN4YLjx830a+nUur5PskAcdLNTsy
        ncBrWGD7AiBEaee1i5eg84dKp7yqBsfTAtdgDZWb67i3FOZGPZ9XZg==
        -----END CERTIFICATE-----
        """

    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgG1TVlTjbmC9B9RJb
        YGG86moFTDgZNIGFPaee5K73eUyhRANCAAT40SSd7uo0AMCi59FNTLD6Qoz4fv1R
        zLDUQFlUdT0uHpGnXCum5lBFUJ37SOLFiJsvz2GJrdQf5ScAxm/wfUSQ
        -----END PRIVATE KEY-----
        """

    static let encryptedKey = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAi9OPFxMoHCegICCAAw
        DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEKkWoIFK2kmtEdG4cKb1ofwEgZC7
        ZXDwbOtR/HMfWvg5LpCJNtuRf5NYXFSN2ZOn/GVk1MzMWhxY0WZthQC0rcckXibW
        E12URtm7TFEB05rWixNeS8ur45N+nW0lxEvbQLJbaZIaZ+G2l6+M+6tH3U/tn9ez
        p0Xf88MDZNLO1Rc+qfMNAXpsusY4XIpJPQpMsGcBTr01sKQiHpV8jmA+H/vU2zc=
        -----END ENCRYPTED PRIVATE KEY-----
        """

    /// Of no certificate.
    static let otherKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgPtT7VcqQ2xQfwZY1
        ChcJm4mAJe7HQSNxe1xSXk0Pp7OhRANCAASB5oEI+N/gFG/yHa57W6py202BeJMH
        icsFQYFzy8zCMYoVq5pBKyk1cl7SDDD6kfa3GODZeXqrh+F9PHrBnVjy
        -----END PRIVATE KEY-----
        """

    /// The certificate and its key in PKCS#12 format.
    static let keystore = Data(base64Encoded: keystoreText, options: .ignoreUnknownCharacters) ?? Data()

    private static let keystoreText = """
        MIIEDAIBAzCCA8IGCSqGSIb3DQEHAaCCA7MEggOvMIIDqzCCAmIGCSqGSIb3DQEHBqCCAlMwggJPAgEAMIICSAYJKoZIhvcNAQcB
        MFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAiXv5oeRvzZBQICCAAwDAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEMrn
        pKg1BOoOKOxVJN8fHC+AggHgcPpqYnItTptK7bL4FdBbGHMrCF124zYbXv2R4glI5BuAaYg0OKUCh0N+kQPrBBP0jSNXk8ME8kyk
        q5831de+BP4GPWg/3Od93lPY9uPC5HsvZ9Ru0MvLCDuS4TtN0l81DV86n/WwZkZs7yWkk7vHIKiLOdOMzQ4cSYgEYEeUw2GsLRWS
        7VVsVLX/G4TInPmgjbFoddvfdYjEpXNO6WshQUmowPIm5J8uoq1mmYnPAY2NJEZqCtcFNrE5EIA/OTRdcV+HgVmNQgA0ol+monNr
        lAY4B/uAPysQoy98M+J95U3A4zx7ExxwFKORoe0TPk7h8LsnqxN8oJ1OoYing/6AqTwtZM25vc35Vae80c+axZV4F/2LiQcCfBEo
        Lty8N0LpVvi0XbtKhSLaGrP2mW3/ci53A3k8z35K4zrZrAvISc+V0Zo+Z9L+UKeNIVaS8iKTvCbXpSbfiDY1X1hI9giSYBvlMD88
        hKQQ925XDmqjQs6kuE/eBskdPZ+iQJ2kzWc7s7YVwWaQoev9GS6FbRwcHt1x6aVVa0kjc0RiE+Oe03BcIEKR1BecVEYxIdy3sVLp
        fQuE6JTQg5CIqiLo4ZyKN0UjK6xEBYkbHu8YXCFKZ9nVgJZ/0pY6V9e4B5jfH5XsMIIBQQYJKoZIhvcNAQcBoIIBMgSCAS4wggEq
        MIIBJgYLKoZIhvcNAQwKAQKgge8wgewwVwYJKoZIhvcNAQUNMEowKQYJKoZIhvcNAQUMMBwECCRZu6vtGaeLAgIIADAMBggqhkiG
        9w0CCQUAMB0GCWCGSAFlAwQBKgQQq6BcvuBk/vF3VEGJV8EirwSBkHc2nWHqiMBs7YBzb7+d/XGob593YHhAJSaTcU3nysKh/Q1B
        l1QPgvwTsDdyrzxnWT7ukWz/WHpONXJVFGHF3mKMT4WMPKW9/SXReGm+1vBv4tINP2vi7+nEwV6zGBd5/yt8G43/nAXGrRhqydXB
        kg1zDZ1LSMavILkJO7wFoadLMHW3jTU+OawUfm3j94FQgzElMCMGCSqGSIb3DQEJFTEWBBSG8Iq1tNAjDCXn1CYMm/do3OaA7zBB
        MDEwDQYJYIZIAWUDBAIBBQAEIEGLRlYkvBdSpqfJ5WwGM79N4MR3t/eM+Tu0IUEqMLI+BAi6vMZmlK84zAICCAA=
        """

    /// Hands `body` a folder with all of them in files.
    static func withFiles<Result>(_ body: (_ path: (String) -> String) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "async-kafka-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let texts = [
            "certificate.pem": certificate, "key.pem": key, "encrypted.pem": encryptedKey, "other.pem": otherKey,
            "text": "no certificate", "damaged.pem": damagedKey,
        ]
        for (name, text) in texts { try Data(text.utf8).write(to: folder.appending(path: name)) }
        try keystore.write(to: folder.appending(path: "keystore.p12"))
        try Data([0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2]).write(to: folder.appending(path: "java.jks"))
        try FileManager.default.createDirectory(
            at: folder.appending(path: "empty"),
            withIntermediateDirectories: false
        )
        return try body { folder.appending(path: $0).path(percentEncoded: false) }
    }

    private static let damagedKey = "-----BEGIN PRIVATE KEY-----\nbm8ga2V5\n-----END PRIVATE KEY-----\n"
}
