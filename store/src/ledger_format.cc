#include "ledger_format.h"

#include <algorithm>

#include "store/message_json.h"

namespace koegura::store {

namespace {

constexpr std::size_t kHashBytes = 32;
constexpr unsigned kBitsAByte = 8;
constexpr unsigned kTopByte = 56;

}  // namespace

std::string encode_leaf(const Leaf& leaf) {
  std::string bytes(bytes_of(leaf.hash));
  for (unsigned shift = kTopByte + kBitsAByte; shift > 0; shift -= kBitsAByte) {
    bytes.push_back(static_cast<char>(leaf.end >> (shift - kBitsAByte)));
  }
  return bytes;
}

Leaf decode_leaf(std::string_view bytes) {
  Leaf leaf;
  std::copy_n(bytes.begin(), kHashBytes, leaf.hash.begin());
  for (const char byte : bytes.substr(kHashBytes, kLeafBytes - kHashBytes)) {
    leaf.end = leaf.end << kBitsAByte | static_cast<std::uint8_t>(byte);
  }
  return leaf;
}

Result<std::string> entry_line(const LedgerEntry& entry) {
  Result<std::string> line = message_json(entry);
  if (!line) return failure("the ledger's entry " + line.error().message);
  line->push_back('\n');
  if (line->size() > kMostLineBytes) return failure("the ledger's entry is too long");
  return line;
}

Result<LedgerEntry> parse_entry(std::string_view line, std::uint64_t sequence) {
  LedgerEntry entry;
  if (const Result<void> parsed = parse_message_json(line, entry); !parsed) {
    return failure("it " + parsed.error().message);
  }
  if (!entry.has_sequence() || entry.sequence() != sequence) {
    return failure(entry.has_sequence()
                       ? "it says that it is entry " + std::to_string(entry.sequence())
                       : "it has no sequence");
  }
  return entry;
}

}  // namespace koegura::store
