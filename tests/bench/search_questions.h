// What people ask, as a filter of calls and as SQL.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "city_calls.h"
#include "sqlite_calls.h"
#include "store/archive.h"
#include "store/number.h"

namespace koegura::bench {

using store::CallFilter;
using store::national_number;
using store::normalise_number;

struct Question {
  const char* name;
  std::function<CallFilter(Dice&, int calls)> ask;
  std::function<Statement&(Sqlite&, const CallFilter&)> ask_sqlite;
  bool is_count = false;
};

inline CallFilter within(Dice& dice, int calls, int days) {
  const int all_days = calls / kCallsADay;
  CallFilter filter;
  filter.from =
      kFirstDay +
      std::chrono::minutes(dice.below(static_cast<unsigned>(std::max(1, all_days - days)) * 1440));
  filter.to = *filter.from + std::chrono::hours(24) * days;
  return filter;
}

inline std::int64_t ns(const std::optional<Timestamp>& time) {
  return to_unix_ns(*time);
}

// Past every text that begins with this.
inline std::string after_all(std::string text) {
  ++text.back();
  return text;
}

inline std::vector<Question> questions() {
  std::vector<Question> all;
  all.push_back({"one number",
                 [](Dice& dice, int) {
                   CallFilter filter;
                   filter.number = national_number(dice.number(), "JP");  // as people type it
                   return filter;
                 },
                 [](Sqlite& sqlite, const CallFilter& filter) -> Statement& {
                   return sqlite
                       .question(
                           "SELECT record FROM by_number JOIN calls USING(at) WHERE number=?"
                           " ORDER BY by_number.at DESC LIMIT 50")
                       .bind(1, normalise_number(filter.number, "JP"));
                 }});
  all.push_back(
      {"one department in a week",
       [](Dice& dice, int calls) {
         CallFilter filter = within(dice, calls, 7);
         filter.department = "department " + std::to_string(dice.below(kDepartments));
         return filter;
       },
       [](Sqlite& sqlite, const CallFilter& filter) -> Statement& {
         return sqlite
             .question(
                 "SELECT record FROM by_department JOIN calls USING(at) WHERE department=?"
                 " AND by_department.at>=? AND by_department.at<? ORDER BY by_department.at DESC "
                 "LIMIT 50")
             .bind(1, filter.department)
             .bind(2, ns(filter.from))
             .bind(3, ns(filter.to));
       }});
  all.push_back({"a number's last four digits",
                 [](Dice& dice, int) {
                   CallFilter filter;
                   filter.number = "*" + dice.number().substr(8);
                   return filter;
                 },
                 [](Sqlite& sqlite, const CallFilter& filter) -> Statement& {
                   const std::string end = reversed(filter.number.substr(1));
                   return sqlite
                       .question(
                           "SELECT record FROM (SELECT DISTINCT at FROM by_end WHERE reversed>=? "
                           "AND reversed<?"
                           " ORDER BY at DESC LIMIT 50) JOIN calls USING(at)")
                       .bind(1, end)
                       .bind(2, after_all(end));
                 }});
  all.push_back(
      {"30 days, three filters",
       [](Dice& dice, int calls) {
         CallFilter filter = within(dice, calls, 30);
         filter.state = "missed";
         filter.direction = "out";
         filter.longer_than = std::chrono::seconds(300);
         return filter;
       },
       [](Sqlite& sqlite, const CallFilter& filter) -> Statement& {
         return sqlite
             .question(
                 "SELECT record FROM calls WHERE state=? AND direction=? AND at>=? AND at<?"
                 " AND duration>? ORDER BY at DESC LIMIT 50")
             .bind(1, filter.state)
             .bind(2, filter.direction)
             .bind(3, ns(filter.from))
             .bind(4, ns(filter.to))
             .bind(5, to_seconds(*filter.longer_than));
       }});
  all.push_back({"the last 50", [](Dice&, int) { return CallFilter(); },
                 [](Sqlite& sqlite, const CallFilter&) -> Statement& {
                   return sqlite.question("SELECT record FROM calls ORDER BY at DESC LIMIT 50");
                 }});
  all.push_back(
      {"how many in a year", [](Dice& dice, int calls) { return within(dice, calls, 365); },
       [](Sqlite& sqlite, const CallFilter& filter) -> Statement& {
         return sqlite
             .question("SELECT COUNT(*) FROM calls INDEXED BY by_time WHERE at>=? AND at<?")
             .bind(1, ns(filter.from))
             .bind(2, ns(filter.to));
       },
       true});
  return all;
}

}  // namespace koegura::bench
