// A ledger written by hand: the files as LedgerLog leaves them, without its syncs, and as somebody
// would leave them who changes history and has the key.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "checkpoint.h"
#include "ledger_format.h"
#include "merkle_tree.h"
#include "store/ledger_audit.h"
#include "temporary_folder.h"

namespace koegura::store {

inline LedgerEntry story_entry(std::size_t number) {
  LedgerEntry entry;
  entry.mutable_time()->set_seconds(1'795'223'702 + static_cast<std::int64_t>(number));
  entry.set_kind(number % 5 == 0 ? "outage" : "start");
  entry.set_who("koegura");
  entry.set_reason("reason " + std::to_string(number * 7919));
  return entry;
}

class LedgerStory {
 public:
  LedgerStory() : key_(new_key()) {}

  void append(LedgerEntry entry) {
    entry.set_sequence(static_cast<std::uint32_t>(lines.size()));
    std::string line = *entry_line(entry);
    line.pop_back();
    lines.push_back(std::move(line));
  }
  // The head of the first so many.
  [[nodiscard]] std::string head(std::size_t size) const {
    CompactTree tree;
    for (std::size_t i = 0; i < size; ++i) tree.append(leaf_hash(lines[i]));
    return *sign_checkpoint({origin_of(shown()), {.size = size, .root = tree.root()}}, key_);
  }
  void write(const std::string& archive) const {
    const LedgerPaths paths = ledger_of(archive);
    std::filesystem::create_directories(paths.folder);
    std::string entries;
    std::string leaves;
    for (const std::string& line : lines) {
      entries += line + "\n";
      leaves += encode_leaf({.hash = leaf_hash(line), .end = entries.size()});
    }
    write_content(paths.entries(), entries);
    write_content(paths.leaves(), leaves);
    write_content(paths.checkpoint(), head(lines.size()));
    write_content(paths.key(), *key_.pem());
    write_content(paths.public_key(), shown().pem());
  }
  void change_key() { key_ = new_key(); }

  std::vector<std::string> lines;

 private:
  [[nodiscard]] static SigningKey new_key() {
    auto key = SigningKey::generate();
    REQUIRE(key);
    return std::move(*key);
  }
  [[nodiscard]] VerifyingKey shown() const {
    auto key = key_.public_half();
    REQUIRE(key);
    return std::move(*key);
  }

  SigningKey key_;
};

// "entry 3: it was changed: ..."
inline std::vector<std::string> faults_of(const std::string& archive, const std::string& kept) {
  std::vector<std::string> faults;
  const auto audit = LedgerAudit::read(archive, kept, [&](const LedgerFault& fault) {
    faults.push_back(fault.where + ": " + fault.what);
  });
  if (!audit) faults.push_back("files: " + audit.error().message);
  return faults;
}

}  // namespace koegura::store
