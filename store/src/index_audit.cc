#include "store/index_audit.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "call_facts.h"
#include "capture/address.h"
#include "day_counts.h"
#include "index.h"
#include "index_format.h"
#include "store/day.h"

namespace koegura::store {

namespace {

constexpr std::uint64_t kMostNamed =
    1000;  // a key each: beyond, the index is not one of few wrongs

struct DerivedKind {
  KeyKind kind;
  const char* by;
};
constexpr std::array kDerivedKinds = {
    DerivedKind{KeyKind::kConversation, "its conversation"},
    DerivedKind{KeyKind::kDepartment, "a department"},
    DerivedKind{KeyKind::kNumber, "a number"},
    DerivedKind{KeyKind::kOutcome, "its state and direction"},
    DerivedKind{KeyKind::kPerson, "a person"},
    DerivedKind{KeyKind::kReversedNumber, "the end of a number"},
    DerivedKind{KeyKind::kText, "a word, a tag or why its number is hidden"},
};

// By what a key finds a call; null if it is no such key.
const char* by_what(std::string_view key) {
  const auto found = std::find_if(
      kDerivedKinds.begin(), kDerivedKinds.end(),
      [&](const DerivedKind& row) { return static_cast<char>(row.kind) == key.front(); });
  return found == kDerivedKinds.end() ? nullptr : found->by;
}

// As they are in the index, each once: where two terms have one key, the last that is put stays.
std::vector<OwnKey> kept_keys(const CallRecord& record, const Ulid& id) {
  std::vector<OwnKey> keys = keys_of(record, id);
  const auto by_key = [](const OwnKey& a, const OwnKey& b) { return a.key < b.key; };
  const auto is_same = [](const OwnKey& a, const OwnKey& b) { return a.key == b.key; };
  std::reverse(keys.begin(), keys.end());
  std::stable_sort(keys.begin(), keys.end(), by_key);
  keys.erase(std::unique(keys.begin(), keys.end(), is_same), keys.end());
  return keys;
}

// Of many keys, in any order. By a number that is drawn anew for each look: nobody can make keys
// beforehand that add up to the same.
class KeySum {
 public:
  explicit KeySum(std::uint64_t secret) : secret_(secret) {}
  void add(std::string_view key, std::string_view value) {
    ++keys_;
    sum_ += hash(hash(secret_, key), value);
  }
  friend bool operator==(const KeySum&, const KeySum&) = default;

 private:
  [[nodiscard]] std::uint64_t hash(std::uint64_t from, std::string_view bytes) const {
    std::uint64_t hash = capture::mix(from, secret_ + bytes.size());
    for (std::uint64_t word = 0; !bytes.empty(); word = 0) {
      const std::size_t size = std::min(bytes.size(), sizeof word);
      std::memcpy(&word, bytes.data(), size);
      hash = capture::mix(hash + secret_, word);
      bytes.remove_prefix(size);
    }
    return hash;
  }

  std::uint64_t secret_;
  std::uint64_t keys_ = 0;
  std::uint64_t sum_ = 0;
};

std::uint64_t drawn() {
  std::random_device device;
  return (std::uint64_t{device()} << 32U) | device();
}

class IndexAudit {
 public:
  using OnFault = std::function<void(const IndexFault&)>;
  IndexAudit(const Index& index, const std::atomic<bool>& stop, const OnFault& fault)
      : index_(index), stop_(stop), on_fault_(fault) {}

  [[nodiscard]] Result<void> run() {
    const Result<bool> add_up = sum_up();
    if (!add_up || *add_up) return add_up.map([](bool) {});
    Result<void> named = name_keys();
    if (!named || stop_) return named;
    if (named_ == 0) {
      on_fault_(
          {.where = "keys",
           .what = "they were not those of its records, and are now that they are looked for"});
    } else if (named_ > kMostNamed) {
      on_fault_({.where = "keys",
                 .what = "and " + std::to_string(named_ - kMostNamed) + " more like these"});
    }
    return {};
  }

 private:
  using VisitKey = std::function<Result<void>(std::string_view key, std::string_view value)>;
  [[nodiscard]] Result<void> for_each_key(const VisitKey& visit) const;
  [[nodiscard]] Result<bool> sum_up();
  [[nodiscard]] Result<void> name_keys();
  [[nodiscard]] Result<void> look_for_keys_of(const CallRecord& record, const Ulid& id);
  [[nodiscard]] Result<void> look_for_record_of(std::string_view key, const char* by);
  void compare_day(std::uint32_t day, const std::optional<DayCounts>& told);
  void name(const std::string& id, std::string what) {
    if (++named_ <= kMostNamed) on_fault_({.where = "call " + id, .what = std::move(what)});
  }

  const Index& index_;
  const std::atomic<bool>& stop_;
  const OnFault& on_fault_;
  std::map<std::uint32_t, DayCounts> days_;  // by the records, until their key was seen
  CallRecord record_;                        // used again for each
  std::uint64_t named_ = 0;
};

// From the records on: 'k' and those that are found by words come behind them.
Result<void> IndexAudit::for_each_key(const VisitKey& visit) const {
  const Result<std::unique_ptr<IndexCursor>> cursor = index_.cursor();
  if (!cursor) return tl::make_unexpected(cursor.error());
  IndexCursor& at = **cursor;
  for (at.seek(std::string(1, static_cast<char>(KeyKind::kCall))); at.valid() && !stop_;
       at.next()) {
    if (Result<void> done = visit(at.key(), at.value()); !done) return done;
  }
  return at.status();
}

void IndexAudit::compare_day(std::uint32_t day, const std::optional<DayCounts>& told) {
  const auto counted = days_.find(day);
  const DayCounts is = counted == days_.end() ? DayCounts() : counted->second;
  if (counted != days_.end()) days_.erase(counted);
  if (told == is) return;
  // The day of UTC, whatever the box's wall says.
  on_fault_({.where = "day " + day_text(Day(std::chrono::days(day))),
             .what = "it counts other calls of that day (UTC) than it has"});
}

Result<bool> IndexAudit::sum_up() {
  const std::uint64_t secret = drawn();
  KeySum expected(secret);
  KeySum present(secret);
  std::uint64_t calls = 0;
  std::optional<Totals> totals;
  const auto add = [&](std::string_view key, std::string_view value) -> Result<void> {
    if (by_what(key) != nullptr) present.add(key, value);
    if (const auto day = day_of_count_key(key)) compare_day(*day, decode_day_counts(value));
    if (key == totals_key()) totals = decode_totals(value);
    const std::optional<Ulid> id = id_of_call_key(key);
    if (!id) return {};
    if (Result<void> read = decode_record(value, *id, record_); !read) return read;
    ++calls;
    ++days_[day_of(*id)][facts_of(record_).outcome];
    for (const OwnKey& own : kept_keys(record_, *id)) expected.add(own.key, own.value);
    return {};
  };
  if (Result<void> read = for_each_key(add); !read) return tl::make_unexpected(read.error());
  if (stop_) return true;
  while (!days_.empty()) compare_day(days_.begin()->first, std::nullopt);
  if (calls != (totals ? totals->calls : 0)) {
    on_fault_({.where = "totals", .what = "it counts other calls than it has"});
  }
  return expected == present;
}

Result<void> IndexAudit::look_for_keys_of(const CallRecord& record, const Ulid& id) {
  for (const OwnKey& own : kept_keys(record, id)) {
    const Result<std::optional<std::string>> value = index_.value(own.key);
    if (!value) return tl::make_unexpected(value.error());
    if (!*value) {
      name(id.text(), std::string("it is not found by ") + by_what(own.key) + ": that key is gone");
    } else if (**value != own.value) {
      name(id.text(), std::string("its key by ") + by_what(own.key) +
                          " tells other facts of it than its record");
    }
  }
  return {};
}

Result<void> IndexAudit::look_for_record_of(std::string_view key, const char* by) {
  const std::optional<TermEntry> entry = parse_term_key(key);
  if (!entry) {
    ++named_;
    on_fault_({.where = "keys", .what = std::string("one by ") + by + " names no call"});
    return {};
  }
  const std::string found = std::string("it is found by ") + by + ", ";
  const Result<bool> is_there = index_.read(entry->id, record_);
  if (!is_there) return tl::make_unexpected(is_there.error());
  if (!*is_there) {
    name(entry->id.text(), found + "and has no record");
    return {};
  }
  const std::vector<OwnKey> own = keys_of(record_, entry->id);
  const bool is_own =
      std::any_of(own.begin(), own.end(), [&](const OwnKey& one) { return one.key == key; });
  if (!is_own) name(entry->id.text(), found + "which is not in its record");
  return {};
}

// One by one: some microseconds a key.
Result<void> IndexAudit::name_keys() {
  return for_each_key([&](std::string_view key, std::string_view value) -> Result<void> {
    if (const char* const by = by_what(key)) return look_for_record_of(key, by);
    const std::optional<Ulid> id = id_of_call_key(key);
    if (!id) return {};
    CallRecord record;
    return decode_record(value, *id, record).and_then([&] {
      return look_for_keys_of(record, *id);
    });
  });
}

}  // namespace

Result<void> audit_index(const std::string& archive, const std::atomic<bool>& stop,
                         const std::function<void(const IndexFault&)>& fault) {
  const Result<std::unique_ptr<Index>> index = Index::open(archive + "/index", {});
  if (!index) return tl::make_unexpected(index.error());
  const Result<bool> has_keys = (*index)->has_derived_keys();
  if (!has_keys || !*has_keys) return has_keys.map([](bool) {});
  return IndexAudit(**index, stop, fault).run();
}

}  // namespace koegura::store
