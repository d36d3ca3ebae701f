#include "audit_history.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <string_view>
#include <system_error>

#include "current_holds.h"
#include "holds.h"
#include "ledger_format.h"
#include "record_in_file.h"

namespace koegura::store {

namespace {

namespace fs = std::filesystem;

std::string entry_text(std::uint64_t sequence) {
  return "entry " + std::to_string(sequence) + " of the ledger";
}

// Case and hash of each line.
Result<std::map<std::string, std::string>> lines_of(const std::string& path) {
  const Result<std::optional<std::string>> text = read_holds_file(path);
  if (!text) return tl::make_unexpected(text.error());
  if (!*text) return std::map<std::string, std::string>();
  const Result<std::vector<Hold>> holds = parse_holds(**text);
  if (!holds) return tl::make_unexpected(holds.error());
  std::map<std::string, std::string> hashes;
  std::string_view rest = **text;
  for (const Hold& hold : *holds) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    hashes[hold.case_()] = hold_hash(line);
    rest.remove_prefix(line.size() + 1);
  }
  return hashes;
}

}  // namespace

void AuditHistory::add(const LedgerEntry& entry, std::uint64_t sequence) {
  holds_.add(entry, sequence);
  const std::optional<Ulid> id = Ulid::parse(entry.call());
  if (entry.kind() != kErasedEntry || !id) return;
  erased_.push_back({.id = *id, .sequence = sequence});
  is_sorted_ = false;
}

void AuditHistory::sort() {
  if (is_sorted_) return;
  std::sort(erased_.begin(), erased_.end(), [](const Tombstone& a, const Tombstone& b) {
    return a.id == b.id ? a.sequence < b.sequence : a.id < b.id;
  });
  is_sorted_ = true;
}

std::optional<std::uint64_t> AuditHistory::erased(const Ulid& id) {
  sort();
  const auto found = std::lower_bound(
      erased_.begin(), erased_.end(), id,
      [](const Tombstone& tombstone, const Ulid& wanted) { return tombstone.id < wanted; });
  if (found == erased_.end() || found->id != id) return std::nullopt;
  return found->sequence;
}

std::vector<LedgerFault> AuditHistory::hold_faults(const std::string& archive) const {
  const std::string path = holds_path(archive);
  const auto lines = lines_of(path);
  if (!lines) return {{.where = "holds.jsonl", .what = lines.error().message}};
  std::vector<LedgerFault> faults;
  for (const auto& [name, hold] : holds_.in_force()) {
    const auto line = lines->find(name);
    if (line == lines->end()) {
      faults.push_back({.where = "hold " + name,
                        .what = "it is gone: " + entry_text(hold.sequence) +
                                " placed it, and nobody lifted it"});
    } else if (line->second != hold.sha256) {
      faults.push_back({.where = "hold " + name,
                        .what = "it was changed: its line has another SHA-256 than " +
                                entry_text(hold.sequence) + " says"});
    }
  }
  for (const auto& [name, hash] : *lines) {
    if (holds_.in_force().contains(name)) continue;
    faults.push_back({.where = "hold " + name,
                      .what = "it is in holds.jsonl, and by the ledger nobody placed it"});
  }
  return faults;
}

std::vector<LedgerFault> AuditHistory::file_faults(const std::string& archive) {
  std::vector<LedgerFault> faults;
  if (erased_.empty()) return faults;
  std::error_code error;
  const fs::recursive_directory_iterator end;
  for (auto it = fs::recursive_directory_iterator(archive + "/calls", error); !error && it != end;
       it.increment(error)) {
    const std::optional<Ulid> id = id_in_name(it->path());
    const std::optional<std::uint64_t> sequence = id ? erased(*id) : std::nullopt;
    if (!sequence || it->is_directory(error)) continue;
    faults.push_back({.where = "call " + id->text(),
                      .what = "a file of it is there, and " + entry_text(*sequence) +
                              " says that it was erased: the next start or `koegura retention run` "
                              "removes it"});
  }
  if (error) faults.push_back({.where = "calls", .what = error.message()});
  return faults;
}

}  // namespace koegura::store
