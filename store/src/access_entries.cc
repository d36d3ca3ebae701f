#include "access_entries.h"

#include "ledger_format.h"
#include "store/ledger.h"

namespace koegura::store {

std::vector<LedgerEntry> access_entries(const Access& access, const std::string& who) {
  LedgerEntry entry;
  entry.set_kind(std::string(kAccessEntry));
  entry.set_who(who);
  entry.set_action(access.action());
  entry.set_reason(access.reason());
  entry.set_bundle(access.bundle());
  *entry.mutable_filters() = access.filters();
  if (access.calls().empty()) return {entry};
  std::vector<LedgerEntry> entries;
  for (const std::string& id : access.calls()) {
    entry.set_call(id);
    entries.push_back(entry);
  }
  return entries;
}

Result<void> find_archived(const std::string& archive, const Access& access, ArchiveChanged& into) {
  const Result<std::unique_ptr<Ledger>> ledger = Ledger::open(archive);
  if (!ledger) return tl::make_unexpected(ledger.error());
  const auto found = (*ledger)->archived({access.calls().begin(), access.calls().end()});
  if (!found) return tl::make_unexpected(found.error());
  for (const LedgerLine& line : *found) {
    ArchivedCallEntry& entry = *into.add_archived();
    entry.set_sequence(static_cast<std::uint32_t>(line.index));
    entry.set_line(line.line);
    const Result<LedgerEntry> parsed = parse_entry(line.line, line.index);
    if (!parsed) return tl::make_unexpected(parsed.error());
    entry.set_file_sha256(parsed->file_sha256());
    entry.set_record_sha256(parsed->record_sha256());
  }
  return {};
}

}  // namespace koegura::store
