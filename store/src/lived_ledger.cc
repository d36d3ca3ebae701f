#include "lived_ledger.h"

#include "ledger_format.h"

namespace koegura::store {

Result<LivedTime> LivedLedger::get() {
  const MutexLock lock(mutex_);
  const auto take = [&](std::uint64_t sequence, std::string_view line)
                        KOEGURA_REQUIRES(mutex_) -> Result<void> {
    if (sequence > 0 && !LivedTime::may_matter(line)) return {};
    const Result<LedgerEntry> entry = parse_entry(line, sequence);
    if (!entry) {
      return failure("entry " + std::to_string(sequence) + " of the ledger: " +
                         entry.error().message + ": `koegura verify` says more",
                     ErrorKind::kVerification);
    }
    time_.add(*entry);
    return {};
  };
  if (Result<void> read = scan_.read_on(take); !read) {
    return tl::make_unexpected(std::move(read).error());
  }
  return time_;
}

}  // namespace koegura::store
