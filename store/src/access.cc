#include "store/access.h"

#include <chrono>
#include <utility>
#include <vector>

#include "access_entries.h"
#include "archive_folder.h"
#include "ledger_format.h"
#include "ledger_log.h"
#include "record.h"
#include "store/ledger.h"

namespace koegura::store {

Result<void> enter_access(const std::string& directory, const Access& access,
                          const std::string& who) {
  if (const auto ledger = Ledger::open(directory); !ledger) {
    return tl::make_unexpected(ledger.error());
  }
  const Result<ArchiveFolder> folder = ArchiveFolder::open_for_a_moment(directory);
  if (!folder) return tl::make_unexpected(folder.error());
  Result<LedgerLog> log = LedgerLog::open(ledger_of(folder->path()), /*sync=*/true);
  if (!log) return tl::make_unexpected(std::move(log).error());
  std::vector<LedgerEntry> entries = access_entries(access, who);
  for (LedgerEntry& entry : entries) {
    *entry.mutable_time() = to_proto(std::chrono::system_clock::now());
  }
  return log->append(entries);
}

}  // namespace koegura::store
