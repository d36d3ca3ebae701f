#include "directory_plan.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace koegura::store {

namespace {

using std::chrono::days;
using Rows = std::vector<DirectoryRow>;

bool begins_before(const DirectoryRow& a, const DirectoryRow& b) {
  return a.valid_from < b.valid_from;  // since ever is before every day
}

bool says_same(const DirectoryRow& a, const DirectoryRow& b) {
  return a.department == b.department && a.person == b.person;
}

std::string beginning(const DirectoryRow& row) {
  return row.valid_from ? "from " + day_text(*row.valid_from) : "since ever";
}

// REQUIRES for these: rows in order of their beginnings, no two of which overlap.
const DirectoryRow* beginning_with(const Rows& rows, const DirectoryRow& like) {
  const auto row = std::lower_bound(rows.begin(), rows.end(), like, begins_before);
  return row == rows.end() || row->valid_from != like.valid_from ? nullptr : &*row;
}

const DirectoryRow* valid_on(const Rows& rows, Day day) {
  const auto after = std::partition_point(rows.begin(), rows.end(), [&](const DirectoryRow& row) {
    return !row.valid_from || *row.valid_from <= day;
  });
  return after == rows.begin() || !std::prev(after)->is_valid(day) ? nullptr : &*std::prev(after);
}

// All that is said of one number.
class NumberPlan {
 public:
  NumberPlan(Rows known, Rows news, DirectoryFaults& faults)
      : known_(std::move(known)), news_(std::move(news)), faults_(faults) {
    std::sort(known_.begin(), known_.end(), begins_before);
  }

  void merge(Day today) {
    for (DirectoryRow& row : news_) settle_beginning(row, today);
    std::stable_sort(news_.begin(), news_.end(), begins_before);
    if (!check_news()) return;
    merged_ = news_;
    for (const DirectoryRow& row : known_) {
      if (beginning_with(news_, row) == nullptr) merged_.push_back(row);
    }
    std::sort(merged_.begin(), merged_.end(), begins_before);
    end_where_next_begins();
  }
  // Nothing of it is valid after that day.
  void end(Day last) {
    for (const DirectoryRow& row : known_) {
      if (row.valid_from && *row.valid_from > last) continue;
      merged_.push_back(row);
      if (!row.valid_to || *row.valid_to > last) merged_.back().valid_to = last;
    }
  }

  void report(DirectoryImport& import) const {
    for (const DirectoryRow& row : merged_) {
      const DirectoryRow* before = beginning_with(known_, row);
      const bool is_new = beginning_with(news_, row) != nullptr;
      if (before == nullptr) {
        note(import, DirectoryChange::Kind::kAdded, row);
      } else if (!says_same(*before, row)) {
        note(import, DirectoryChange::Kind::kChanged, row);
      } else if (before->valid_to != row.valid_to) {
        note(import, row.valid_to ? DirectoryChange::Kind::kEnded : DirectoryChange::Kind::kChanged,
             row);
      } else if (is_new) {
        ++import.unchanged;
      }
    }
    for (const DirectoryRow& row : known_) {
      if (beginning_with(merged_, row) == nullptr) {
        note(import, DirectoryChange::Kind::kEnded, row);
      }
    }
  }
  [[nodiscard]] const Rows& rows() const { return merged_; }

 private:
  static void note(DirectoryImport& import, DirectoryChange::Kind kind, const DirectoryRow& row) {
    import.changes.push_back({kind, row});
    switch (kind) {
      case DirectoryChange::Kind::kAdded:
        ++import.added;
        break;
      case DirectoryChange::Kind::kChanged:
        ++import.changed;
        break;
      case DirectoryChange::Kind::kEnded:
        ++import.ended;
        break;
    }
  }

  // What a row without a first day means.
  void settle_beginning(DirectoryRow& row, Day today) const {
    if (row.valid_from || known_.empty()) return;
    const bool has_ever = !known_.front().valid_from;
    const bool is_ever = has_ever && says_same(known_.front(), row);
    const bool is_past = row.valid_to && *row.valid_to < today;
    if (row.valid_to && (is_ever || (is_past && !has_ever))) return;
    if (is_past) {
      faults_.add(row.line,
                  "ends before today, and what the directory says of the days before is "
                  "something else: give its first day");
      return;
    }
    const DirectoryRow* current = valid_on(known_, today);
    if (current == nullptr || !says_same(*current, row)) {
      row.valid_from = today;
      return;
    }
    row.valid_from = current->valid_from;
    if (!row.valid_to) row.valid_to = current->valid_to;
  }

  [[nodiscard]] bool check_news() const {
    bool is_good = true;
    for (std::size_t i = 1; i < news_.size(); ++i) {
      const DirectoryRow& before = news_[i - 1];
      const DirectoryRow& row = news_[i];
      const bool same_day = before.valid_from == row.valid_from;
      if (!same_day && (!before.valid_to || *before.valid_to < *row.valid_from)) continue;
      is_good = false;
      faults_.add(std::max(before.line, row.line),
                  "the number " + row.number + " is in line " +
                      std::to_string(std::min(before.line, row.line)) +
                      " for the same days: of two people at one telephone make one row");
    }
    return is_good;
  }

  void end_where_next_begins() {
    for (std::size_t i = 0; i + 1 < merged_.size(); ++i) {
      DirectoryRow& row = merged_[i];
      const DirectoryRow& next = merged_[i + 1];
      if (row.valid_to && *row.valid_to < *next.valid_from) continue;
      const bool is_new = beginning_with(news_, row) != nullptr;
      if (is_new && row.valid_to && beginning_with(news_, next) == nullptr) {
        faults_.add(row.line, "lasts until " + day_text(*row.valid_to) +
                                  ", but the directory has another row of this number " +
                                  beginning(next) +
                                  ": end it before, or give a row with that first day, too");
      }
      row.valid_to = *next.valid_from - days(1);
    }
  }

  Rows known_;
  Rows news_;
  DirectoryFaults& faults_;
  Rows merged_;
};

// The day before the file begins to be true: one in March for April does not end numbers in March.
Day last_day_of_others(const Rows& news, Day today) {
  std::optional<Day> first;
  for (const DirectoryRow& row : news) {
    const Day begins = row.valid_from.value_or(today);
    if (!first || begins < *first) first = begins;
  }
  return std::max(first.value_or(today), today) - days(1);
}

struct Said {
  Rows known;
  Rows news;
};

}  // namespace

DirectoryPlan plan_import(std::vector<DirectoryRow> known, std::vector<DirectoryRow> news,
                          const DirectoryImportOptions& options) {
  const Day last_of_others = last_day_of_others(news, options.today);
  std::map<std::string, Said> numbers;
  for (DirectoryRow& row : known) {
    numbers[directory_key(row.number, options.region)].known.push_back(std::move(row));
  }
  for (DirectoryRow& row : news) {
    numbers[directory_key(row.number, options.region)].news.push_back(std::move(row));
  }
  DirectoryPlan plan;
  for (auto& [key, said] : numbers) {
    const bool is_named = !said.news.empty();
    NumberPlan number(std::move(said.known), std::move(said.news), plan.faults);
    if (!is_named && options.replace) {
      number.end(last_of_others);
    } else {
      number.merge(options.today);
    }
    number.report(plan.import);
    plan.rows.insert(plan.rows.end(), number.rows().begin(), number.rows().end());
  }
  return plan;
}

}  // namespace koegura::store
