// A bundle: an exported folder that proves itself. A
// BagIt 1.0 bag (RFC 8493):
//
//   bagit.txt, bag-info.txt
//   manifest-sha256.txt            SHA-256 of each file in data/ (bag_manifest.h)
//   tagmanifest-sha256.txt         and of each other one
//   data/report.csv                the list of calls, ground, reason, recipient
//   data/calls/<id>/call.json      the record, byte for byte as in the call's file: its SHA-256 is
//                                  record_sha256 of the call's entry
//                  audio.flac      decodes to the samples whose SHA-256 is audio.sha256 of
//                  call.json audio.wav       the same samples, behind 44 bytes of header; on
//                  request signalling.pcapng, fax.tiff     as attached to the call's file, if they
//                  are original.mka    that file: its SHA-256 is file_sha256 of the entry; on
//                  request
//   proof/key.pub                  the archive's Ed25519 key
//        /checkpoint               a signed head of its ledger
//        /calls/<id>.tlog-proof    that the call's "archived" entry is in its tree (tlog_proof.h)
//        /export.tlog-proof        and this export's, which has the SHA-256 of the manifest
//        /manifest-sha256.txt.sig  Ed25519 of the manifest, 64 bytes
#pragma once

#include <string>
#include <string_view>

namespace koegura::store {

inline constexpr std::string_view kBagDeclaration =
    "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
inline constexpr std::string_view kBagitFile = "bagit.txt";
inline constexpr std::string_view kBagInfoFile = "bag-info.txt";
inline constexpr std::string_view kManifestFile = "manifest-sha256.txt";
inline constexpr std::string_view kTagManifestFile = "tagmanifest-sha256.txt";

inline constexpr std::string_view kPayloadFolder = "data/";
inline constexpr std::string_view kBundledReport = "data/report.csv";
inline constexpr std::string_view kBundledCalls = "data/calls/";
inline constexpr std::string_view kBundledRecord = "call.json";
inline constexpr std::string_view kBundledFlac = "audio.flac";
inline constexpr std::string_view kBundledWav = "audio.wav";
inline constexpr std::string_view kBundledOriginal = "original.mka";

inline constexpr std::string_view kBundledKey = "proof/key.pub";
inline constexpr std::string_view kBundledHead = "proof/checkpoint";
inline constexpr std::string_view kBundledSignature = "proof/manifest-sha256.txt.sig";
inline constexpr std::string_view kExportProof = "proof/export.tlog-proof";
inline constexpr std::string_view kCallProofs = "proof/calls/";
inline constexpr std::string_view kProofEnding = ".tlog-proof";

// The call of a file in data/calls: "data/calls/01K.../call.json" → "01K..."; empty if it is none
// that a bundle has.
[[nodiscard]] std::string call_of_payload(std::string_view path);
[[nodiscard]] inline std::string folder_of_call(const std::string& id) {
  return std::string(kBundledCalls) + id;
}
[[nodiscard]] inline std::string proof_of_call(const std::string& id) {
  return std::string(kCallProofs) + id + std::string(kProofEnding);
}

}  // namespace koegura::store
