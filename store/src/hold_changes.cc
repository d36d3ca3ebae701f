#include "hold_changes.h"

#include <algorithm>
#include <map>

#include "durable_file.h"
#include "ledger_holds.h"
#include "ledger_scan.h"
#include "record.h"
#include "utf8.h"

namespace koegura::store {

namespace {

constexpr std::size_t kMostCase = 200;      // bytes
constexpr std::size_t kMostReason = 1000;   // bytes
constexpr std::size_t kMostCalls = 10'000;  // of one placing

bool is_printable(std::string_view text) {
  constexpr unsigned char kDelete = 0x7F;
  return is_utf8(text) && std::none_of(text.begin(), text.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte < ' ' || byte == kDelete;
         });
}

Result<void> check_text(const char* what, std::string_view text, std::size_t most) {
  if (text.size() <= most && is_printable(text)) return {};
  return failure(
      std::string(what) + " is at most " + std::to_string(most) + " bytes of text in one line",
      ErrorKind::kUsage);
}

bool is_empty(const HoldFilter& filter) {
  return filter.ByteSizeLong() == 0;
}

Result<void> check_placing(const PlaceHold& wanted) {
  if (wanted.case_().empty()) return failure("a hold has a case", ErrorKind::kUsage);
  if (Result<void> text = check_text("the case", wanted.case_(), kMostCase); !text) return text;
  if (wanted.reason().empty()) return failure("a hold has a reason", ErrorKind::kUsage);
  if (Result<void> text = check_text("the reason", wanted.reason(), kMostReason); !text) {
    return text;
  }
  if (wanted.calls_size() == 0 && is_empty(wanted.filter())) {
    return failure("a hold names calls or gives a filter: nothing would be held",
                   ErrorKind::kUsage);
  }
  if (static_cast<std::size_t>(wanted.calls_size()) > kMostCalls) {
    return failure("at most " + std::to_string(kMostCalls) +
                       " calls at a time: give a filter, or hold them in several steps",
                   ErrorKind::kUsage);
  }
  return {};
}

LedgerEntry hold_entry(std::string_view action, const std::string& name, const std::string& line) {
  LedgerEntry entry;
  entry.set_kind(std::string(kHoldEntry));
  entry.set_action(std::string(action));
  entry.set_case_(name);
  entry.set_hold_sha256(hold_hash(line));
  return entry;
}

Result<LedgerHolds> read_ledger_holds(const std::string& archive) {
  LedgerHolds holds;
  LedgerScan scan(archive);
  const auto take = [&](std::uint64_t sequence, std::string_view line) -> Result<void> {
    if (line.find("\"hold\"") == std::string_view::npos) return {};
    return parse_entry(line, sequence).map([&](const LedgerEntry& entry) {
      holds.add(entry, sequence);
    });
  };
  if (Result<void> read = scan.read_on(take); !read) {
    return tl::make_unexpected(std::move(read).error());
  }
  return holds;
}

// Case and hash of each.
Result<std::map<std::string, std::string>> hashes_of(const std::vector<Hold>& holds) {
  std::map<std::string, std::string> hashes;
  for (const Hold& hold : holds) {
    const Result<std::string> line = hold_line(hold);
    if (!line) return tl::make_unexpected(line.error());
    hashes[hold.case_()] = hold_hash(*line);
  }
  return hashes;
}

bool are_same(const std::map<std::string, std::string>& hashes, const LedgerHolds& ledger) {
  return std::equal(hashes.begin(), hashes.end(), ledger.in_force().begin(),
                    ledger.in_force().end(), [](const auto& ours, const auto& theirs) {
                      return ours.first == theirs.first && ours.second == theirs.second.sha256;
                    });
}

}  // namespace

Result<void> HoldChanges::recover() {
  const Result<std::optional<std::string>> text = read_holds_file(next());
  if (!text) return tl::make_unexpected(text.error());
  if (!*text) return {};
  const auto hashes = parse_holds(**text).and_then(hashes_of);
  const Result<LedgerHolds> ledger = read_ledger_holds(archive_);
  if (!ledger) return tl::make_unexpected(ledger.error());
  if (hashes && are_same(*hashes, *ledger)) return move_into_place(next(), path_, /*sync=*/true);
  discard_file(next());
  return {};
}

Result<void> HoldChanges::write(const std::vector<Hold>& holds, LedgerEntry entry) {
  const Result<std::string> text = holds_text(holds);
  if (!text) return tl::make_unexpected(text.error());
  if (Result<void> written = write_file(next(), *text); !written) return written;
  if (Result<void> entered = append_(std::move(entry)); !entered) {
    discard_file(next());
    return entered;
  }
  return move_into_place(next(), path_, /*sync=*/true);
}

Result<void> HoldChanges::place(const PlaceHold& wanted, const std::string& who, Timestamp now) {
  if (Result<void> checked = check_placing(wanted); !checked) return checked;
  const auto held = holds_.get();
  if (!held) return tl::make_unexpected(held.error());
  std::vector<Hold> holds = (*held)->list();
  auto hold = std::find_if(holds.begin(), holds.end(),
                           [&](const Hold& one) { return one.case_() == wanted.case_(); });
  if (hold == holds.end()) {
    hold = holds.emplace(holds.end());
    hold->set_case_(wanted.case_());
  }
  HoldPlacing& placing = *hold->add_placings();
  placing.set_reason(wanted.reason());
  placing.set_who(who);
  *placing.mutable_time() = to_proto(now);
  *placing.mutable_calls() = wanted.calls();
  if (!is_empty(wanted.filter())) *placing.mutable_filter() = wanted.filter();
  const Result<std::string> line = hold_line(*hold);
  if (!line) return tl::make_unexpected(line.error());
  LedgerEntry entry = hold_entry(kPlaceAction, wanted.case_(), *line);
  entry.set_who(who);
  entry.set_reason(wanted.reason());
  return write(holds, std::move(entry));
}

Result<void> HoldChanges::lift(const LiftHold& wanted, const std::string& who) {
  if (Result<void> text = check_text("the reason", wanted.reason(), kMostReason); !text) {
    return text;
  }
  const auto held = holds_.get();
  if (!held) return tl::make_unexpected(held.error());
  const Hold* const hold = (*held)->find(wanted.case_());
  if (hold == nullptr) {
    return failure(
        "nothing is held for the case '" + wanted.case_() + "': `koegura hold list` shows what is",
        ErrorKind::kNotFound);
  }
  const Result<std::string> line = hold_line(*hold);
  if (!line) return tl::make_unexpected(line.error());
  LedgerEntry entry = hold_entry(kLiftAction, wanted.case_(), *line);
  entry.set_who(who);
  entry.set_reason(wanted.reason());
  std::vector<Hold> holds = (*held)->list();
  std::erase_if(holds, [&](const Hold& one) { return one.case_() == wanted.case_(); });
  return write(holds, std::move(entry));
}

}  // namespace koegura::store
