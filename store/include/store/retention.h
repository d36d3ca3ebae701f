// Retention: for how long a call is kept: the rules of the ordinance, and what comes of them for
// one call. Pure functions; nothing is erased here.
//
// The first rule that fits a call says how long it is kept; a call that none fits is kept as the
// default says. Days, months and years are those of the calendar in Japan (Asia/Tokyo: UTC+9, and
// no summer time), whatever the process's TZ is. Nothing goes early: a date that a month has not
// is the first of the next (February 29th + 5 years = March 1st).
//
// Threads: free-threaded.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/time.h"
#include "record.pb.h"

namespace koegura::store {

// Years and months are added first, then days.
struct KeepFor {
  int years = 0;
  int months = 0;
  int days = 0;
  bool operator==(const KeepFor&) const = default;
};
// "5 years", "1 year 6 months", "90 days"; nothing if it is no such text, if it is shorter than a
// day or longer than 100 years.
[[nodiscard]] std::optional<KeepFor> parse_keep_for(std::string_view text);
[[nodiscard]] std::string keep_text(const KeepFor& keep);

enum class CountFrom : unsigned char {
  kCall,        // from the call's start
  kFiscalYear,  // from the first April 1st, 0:00, after it
};
// "call", "fiscal-year"
[[nodiscard]] std::string_view name_of(CountFrom count_from);
[[nodiscard]] std::optional<CountFrom> parse_count_from(std::string_view text);

struct KeepPeriod {
  KeepFor keep{.years = 5};
  CountFrom count_from = CountFrom::kCall;
  bool operator==(const KeepPeriod&) const = default;
};

// What is empty fits every call; of what is given, all must fit.
struct RetentionRule {
  std::string name;          // as it is shown, and stands in the ledger
  std::string department{};  // a party's; width, case and spaces aside
  // A number of the hall's own party, in any spelling; "*5678" suffix, "0312*" prefix. Of an
  // incoming call who was called, by whatever number, and who answered; of an outgoing one the
  // caller; of others any party.
  std::string line{};
  std::string tag{};        // "#harassment" or "harassment"
  std::string direction{};  // as in the record
  std::string state{};      // as in the record
  KeepPeriod period{};
  bool operator==(const RetentionRule&) const = default;
};

struct RetentionRules {
  std::vector<RetentionRule> rules{};  // the first that fits counts
  KeepPeriod otherwise{};              // as the rule "default"
  bool operator==(const RetentionRules&) const = default;
};
inline constexpr std::string_view kDefaultRule = "default";

// When a call that began then may go: it is kept up to this moment, and not at it.
[[nodiscard]] Timestamp expiry(Timestamp start, const KeepPeriod& period);

// A call that begins at this moment or later cannot have expired by `now`, whichever rule it has.
[[nodiscard]] Timestamp nothing_expires_from(Timestamp now, const RetentionRules& rules);

// Rules made ready to be asked for many calls.
class RetentionPolicy {
 public:
  RetentionPolicy(const RetentionRules& rules, const std::string& region);
  RetentionPolicy(RetentionPolicy&&) noexcept;
  RetentionPolicy& operator=(RetentionPolicy&&) noexcept;
  ~RetentionPolicy();

  struct Verdict {
    std::size_t rule = 0;  // its place; as many as there are: the default
    std::string_view name;
    Timestamp expires;
  };
  // `started` instead of the record's start, where that is known to be wrong.
  [[nodiscard]] Verdict judge(const CallRecord& record,
                              std::optional<Timestamp> started = std::nullopt) const;
  [[nodiscard]] const RetentionRules& rules() const { return rules_; }

 private:
  struct Ready;
  RetentionRules rules_;
  std::vector<Ready> ready_;
};

}  // namespace koegura::store
