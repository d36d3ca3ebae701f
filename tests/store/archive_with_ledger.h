// An archive of two calls with its ledger, and what tests ask of it.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <map>

#include "archive_folder.h"
#include "call_builder.h"
#include "index.h"
#include "ledger_story.h"
#include "store/archive.h"
#include "store/ledger.h"
#include "store/scrub.h"
#include "temporary_folder.h"

namespace koegura::store {

inline std::unique_ptr<Archive> open(const std::string& directory,
                                     OpenMode mode = OpenMode::kWrite) {
  auto archive = Archive::open(directory, mode, {});
  if (!archive) FAIL(archive.error().message);
  return std::move(*archive);
}

inline decode::RenderedCall numbered(int number) {
  CallBuilder call("c" + std::to_string(number));
  call.starting(kMorning + std::chrono::seconds(number));
  return call.build();
}

inline std::vector<LedgerEntry> entries_of(const std::string& directory, const std::string& kind) {
  const auto ledger = Ledger::open(directory);
  if (!ledger) FAIL(ledger.error().message);
  std::vector<LedgerEntry> entries;
  REQUIRE((*ledger)->for_each(0, [&](const LedgerEntry& entry, std::string_view) {
    if (entry.kind() == kind) entries.push_back(entry);
    return true;
  }));
  return entries;
}

// What `koegura verify` finds.
inline std::vector<std::string> all_faults(const std::string& directory,
                                           const std::string& kept = {}) {
  std::vector<std::string> faults;
  const auto audit = LedgerAudit::read(directory, kept, [&](const LedgerFault& fault) {
    faults.push_back(fault.where + ": " + fault.what);
  });
  if (!audit) return {audit.error().message};
  const auto archive = open(directory, OpenMode::kRead);
  ScrubOptions options;
  options.is_as_archived = [&](const CallRecord& record, const std::string& file) {
    return (*audit)->check(record, file);
  };
  const std::atomic<bool> stop = false;
  REQUIRE(scrub(
      *archive, options, stop,
      [&](const Damage& damage) { faults.push_back(damage.id + ": " + damage.why); },
      [](const ScrubReport&) {}));
  REQUIRE((*audit)->finish());
  return faults;
}

using Faults = std::vector<std::string>;

class ArchiveWithLedger {
 public:
  ArchiveWithLedger() {
    const auto archive = open(path);
    REQUIRE(archive->put(numbered(0)));
    id = archive->put(numbered(1))->id;
    file = archive->file_of(*archive->find(id));
  }
  // Index and folder, as a writer that does no more than the test.
  template <typename Do>
  void inside(Do what) const {
    const auto folder = ArchiveFolder::open_for_writing(path);
    REQUIRE(folder);
    const auto index =
        Index::open(folder->index(), {.access = IndexOptions::Access::kWrite, .sync = true});
    REQUIRE(index);
    what(*folder, **index);
  }
  [[nodiscard]] std::map<std::string, int> entries_by_call() const {
    std::map<std::string, int> counts;
    for (const LedgerEntry& entry : entries_of(path, "archived")) ++counts[entry.call()];
    return counts;
  }
  [[nodiscard]] bool has_each_once(std::size_t calls) const {
    const auto counts = entries_by_call();
    return counts.size() == calls && std::all_of(counts.begin(), counts.end(),
                                                 [](const auto& one) { return one.second == 1; });
  }

 private:
  TemporaryFolder folder_;

 public:
  std::string path = folder_ / "archive";
  std::string id;
  std::string file;
};

}  // namespace koegura::store
