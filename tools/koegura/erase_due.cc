#include "erase_due.h"

namespace koegura::tools {

namespace {

constexpr std::uint32_t kAPart = 200;  // calls

void add(Erased& sum, const Erased& part) {
  sum.set_calls(sum.calls() + part.calls());
  sum.set_bytes(sum.bytes() + part.bytes());
  for (const std::string& problem : part.problems()) sum.add_problems(problem);
}

}  // namespace

Result<Erased> erase_due(store::Archive& archive,
                         const std::function<bool(std::uint64_t done)>& goes_on) {
  ArchiveChange change;
  change.mutable_erase_due()->set_most(kAPart);
  Erased sum;
  while (true) {
    const auto changed = archive.change(change, "");
    if (!changed) return tl::make_unexpected(changed.error());
    const Erased& part = changed->erased();
    add(sum, part);
    sum.set_refusal(part.refusal());
    sum.set_more(part.more());
    const bool is_over = !part.more() || part.calls() == 0;
    if (!goes_on(static_cast<std::uint64_t>(sum.calls())) || is_over) break;
  }
  if (sum.calls() == 0) return sum;
  change.mutable_erase_due()->set_wipe(true);
  const auto wiped = archive.change(change, "");
  if (!wiped) return tl::make_unexpected(wiped.error());
  add(sum, wiped->erased());
  sum.set_trimmed(wiped->erased().trimmed());
  sum.set_not_trimmed(wiped->erased().not_trimmed());
  return sum;
}

}  // namespace koegura::tools
