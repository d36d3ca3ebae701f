// The ledger's files, under DIR/ledger:
//
//   entries.jsonl   one entry a line (ledger.proto), append-only: the ledger itself
//   leaves          40 bytes an entry: SHA-256 of its leaf, then where its line ends (8 bytes, big-
//                   endian). Can be made anew from the entries; written after they are on disk
//   checkpoint      the last signed head (checkpoint.h)
//   key, key.pub    the archive's Ed25519 key (0600) and its public half, PEM
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "capture/error.h"
#include "ledger.pb.h"
#include "sha256.h"

namespace koegura::store {

struct LedgerPaths {
  std::string folder;
  [[nodiscard]] std::string entries() const { return folder + "/entries.jsonl"; }
  [[nodiscard]] std::string leaves() const { return folder + "/leaves"; }
  [[nodiscard]] std::string checkpoint() const { return folder + "/checkpoint"; }
  [[nodiscard]] std::string key() const { return folder + "/key"; }
  [[nodiscard]] std::string public_key() const { return folder + "/key.pub"; }
};
[[nodiscard]] inline LedgerPaths ledger_of(const std::string& archive) {
  return {archive + "/ledger"};
}

// Of one line with its line feed: longer ones are never written.
inline constexpr std::size_t kMostLineBytes = 64U << 10U;
// Of a head's or key's file.
inline constexpr std::size_t kMostHeadBytes = 64U << 10U;

inline constexpr std::string_view kAccessEntry = "access";
inline constexpr std::string_view kArchivedEntry = "archived";
inline constexpr std::string_view kErasedEntry = "erased";
inline constexpr std::string_view kHoldEntry = "hold";
inline constexpr std::string_view kClockConfirmedEntry = "clock-confirmed";
inline constexpr std::string_view kPlaceAction = "place";  // of a hold
inline constexpr std::string_view kLiftAction = "lift";
inline constexpr std::string_view kExportEntry = "export";
inline constexpr std::string_view kNoteEntry = "note";

struct Leaf {
  Sha256 hash{};
  std::uint64_t end = 0;  // offset behind the line feed
  bool operator==(const Leaf&) const = default;
};
inline constexpr std::size_t kLeafBytes = 40;
[[nodiscard]] std::string encode_leaf(const Leaf& leaf);
[[nodiscard]] Leaf decode_leaf(std::string_view bytes);  // REQUIRES: kLeafBytes of them

// With its line feed; fails if it is too long.
[[nodiscard]] Result<std::string> entry_line(const LedgerEntry& entry);
// Of a line without its line feed, which is to be the entry of this place.
[[nodiscard]] Result<LedgerEntry> parse_entry(std::string_view line, std::uint64_t sequence);

}  // namespace koegura::store
