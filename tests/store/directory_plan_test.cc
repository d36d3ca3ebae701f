// What an import makes of the directory: staff move every April, and history is not rewritten.
#include "directory_plan.h"

#include <doctest/doctest.h>

namespace koegura::store {
namespace {

const std::string kHeading = "number,department,person,valid_from,valid_to\n";

// One office's directory over the years.
class Office {
 public:
  DirectoryImport take(const std::string& rows, const std::string& today, bool replace = false) {
    const DirectoryPlan plan = planned(rows, today, replace);
    std::string faults;
    for (const DirectoryFault& fault : plan.faults.first) faults += fault.what + '\n';
    REQUIRE(faults == "");
    rows_ = plan.rows;
    return plan.import;
  }
  DirectoryImport replace(const std::string& rows, const std::string& today) {
    return take(rows, today, true);
  }
  std::string refusal(const std::string& rows, const std::string& today) const {
    const DirectoryPlan plan = planned(rows, today, false);
    REQUIRE(plan.faults.count == 1);
    return std::to_string(plan.faults.first[0].line) + ": " + plan.faults.first[0].what;
  }
  [[nodiscard]] std::string csv() const { return directory_csv(rows_).substr(kHeading.size()); }

 private:
  [[nodiscard]] DirectoryPlan planned(const std::string& rows, const std::string& today,
                                      bool replace) const {
    ParsedDirectory parsed = parse_directory(kHeading + rows);
    REQUIRE(parsed.faults.count == 0);
    DirectoryImportOptions options;
    options.today = *parse_day(today);
    options.replace = replace;
    return plan_import(rows_, std::move(parsed.rows), options);
  }

  std::vector<DirectoryRow> rows_;
};

bool counts(const DirectoryImport& import, std::size_t added, std::size_t changed,
            std::size_t ended, std::size_t unchanged) {
  CHECK(import.added == added);
  CHECK(import.changed == changed);
  CHECK(import.ended == ended);
  CHECK(import.unchanged == unchanged);
  CHECK(import.changes.size() == added + changed + ended);
  return true;
}

TEST_CASE("the first list is true since ever, and the same list again changes nothing") {
  Office office;
  const std::string list = "2301,水道課,山田,,\n2302,税務課,佐藤,,\n";
  CHECK(counts(office.take(list, "2025-04-01"), 2, 0, 0, 0));
  CHECK(office.csv() == list);
  CHECK(counts(office.take(list, "2026-04-01"), 0, 0, 0, 2));
  CHECK(office.csv() == list);
}

TEST_CASE("in April a row with its first day ends the one before on March 31st") {
  Office office;
  office.take("2301,水道課,山田,,\n", "2025-04-01");
  CHECK(counts(office.take("2301,水道課,佐藤,2026-04-01,\n", "2026-03-10"), 1, 0, 1, 0));
  CHECK(office.csv() ==
        "2301,水道課,山田,,2026-03-31\n"
        "2301,水道課,佐藤,2026-04-01,\n");
  CHECK(counts(office.take("2301,水道課,佐藤,2026-04-01,\n", "2026-05-01"), 0, 0, 0, 1));
}

TEST_CASE("a list without days is true from today on, where it says something else") {
  Office office;
  office.take("2301,水道課,山田,,\n2302,税務課,佐藤,,\n", "2025-04-01");
  CHECK(counts(
      office.take("2301,水道課,鈴木,,\n2302,税務課,佐藤,,\n2303,市民課,高橋,,\n", "2026-04-01"), 2,
      0, 1, 1));
  CHECK(office.csv() ==
        "2301,水道課,山田,,2026-03-31\n"
        "2301,水道課,鈴木,2026-04-01,\n"
        "2302,税務課,佐藤,,\n"
        "2303,市民課,高橋,,\n");
}

TEST_CASE("a row with the number and first day of one that is there corrects it") {
  Office office;
  office.take("2301,水道課,山田,2025-04-01,\n", "2025-04-01");
  CHECK(counts(office.take("2301,水道課,山本,2025-04-01,\n", "2025-06-01"), 0, 1, 0, 0));
  CHECK(office.csv() == "2301,水道課,山本,2025-04-01,\n");
}

TEST_CASE("another spelling of a number is the same number") {
  Office office;
  office.take("03-5550-1234,総務課,代表,,\n", "2025-04-01");
  CHECK(counts(office.take("+81 3 5550 1234,総務課,代表,,\n", "2025-04-02"), 0, 0, 0, 1));
  CHECK(counts(office.take("0355501234,広報課,代表,2026-04-01,\n", "2025-04-02"), 1, 0, 1, 0));
}

TEST_CASE("an old list read again does not undo what came after it") {
  Office office;
  const std::string old = "2301,水道課,山田,2025-04-01,\n";
  office.take(old, "2025-04-01");
  office.take("2301,水道課,佐藤,2026-04-01,\n", "2026-04-01");
  const std::string now = office.csv();
  CHECK(counts(office.take(old, "2026-05-01"), 0, 0, 0, 1));
  CHECK(office.csv() == now);
}

TEST_CASE("what is planned for April stays when a correction comes in March") {
  Office office;
  office.take("2301,水道課,山田,,\n", "2025-04-01");
  office.take("2301,水道課,佐藤,2026-04-01,\n", "2026-03-01");
  CHECK(counts(office.take("2301,水道課,代理,2026-03-20,\n", "2026-03-19"), 1, 0, 1, 0));
  CHECK(office.csv() ==
        "2301,水道課,山田,,2026-03-19\n"
        "2301,水道課,代理,2026-03-20,2026-03-31\n"
        "2301,水道課,佐藤,2026-04-01,\n");
}

TEST_CASE("a last day alone ends who is there") {
  Office office;
  office.take("2301,水道課,山田,,\n2302,水道課,佐藤,2025-04-01,\n", "2025-04-01");
  CHECK(counts(
      office.take("2301,水道課,山田,,2026-03-31\n2302,水道課,佐藤,,2026-03-31\n", "2026-03-01"), 0,
      0, 2, 0));
  CHECK(office.csv() ==
        "2301,水道課,山田,,2026-03-31\n"
        "2302,水道課,佐藤,2025-04-01,2026-03-31\n");
}

TEST_CASE("leap days count: before March 1st 2028 comes February 29th") {
  Office office;
  office.take("2301,水道課,山田,,\n", "2025-04-01");
  office.take("2301,水道課,佐藤,2028-03-01,\n", "2028-02-01");
  CHECK(office.csv() == "2301,水道課,山田,,2028-02-29\n2301,水道課,佐藤,2028-03-01,\n");
}

TEST_CASE("with --replace who is not named ends yesterday, and stays for the past") {
  Office office;
  office.take("2301,水道課,山田,,\n2302,税務課,佐藤,,\n23??,本庁,,2025-04-01,\n", "2025-04-01");
  CHECK(counts(office.replace("2301,水道課,山田,,\n", "2026-04-01"), 0, 0, 2, 1));
  CHECK(office.csv() ==
        "2301,水道課,山田,,\n"
        "2302,税務課,佐藤,,2026-03-31\n"
        "23??,本庁,,2025-04-01,2026-03-31\n");
  CHECK(counts(office.replace("2301,水道課,山田,,\n", "2026-04-02"), 0, 0, 0, 1));
}

TEST_CASE("with --replace a list for April, read in March, ends nobody in March") {
  Office office;
  office.take("2301,水道課,山田,,\n2302,税務課,佐藤,,\n", "2025-04-01");
  office.replace("2301,水道課,鈴木,2026-04-01,\n", "2026-03-10");
  CHECK(office.csv() ==
        "2301,水道課,山田,,2026-03-31\n"
        "2301,水道課,鈴木,2026-04-01,\n"
        "2302,税務課,佐藤,,2026-03-31\n");
}

TEST_CASE("with --replace what was to begin later never begins") {
  Office office;
  office.take("2301,水道課,山田,,\n2302,税務課,佐藤,2026-10-01,\n", "2026-04-01");
  const DirectoryImport import = office.replace("2301,水道課,山田,,\n", "2026-05-01");
  CHECK(counts(import, 0, 0, 1, 1));
  CHECK(office.csv() == "2301,水道課,山田,,\n");
}

TEST_CASE("two people for one number on one day are refused by line") {
  Office office;
  CHECK(
      office.refusal("2301,水道課,山田,,\n2302,水道課,高橋,,\n2301,水道課,佐藤,,\n",
                     "2026-04-01") ==
      "4: the number 2301 is in line 2 for the same days: of two people at one telephone make one "
      "row");
  CHECK(office
            .refusal("2301,水道課,山田,2025-04-01,2026-04-01\n23-01,水道課,佐藤,2026-04-01,\n",
                     "2026-04-01")
            .starts_with("3: the number 23-01 is in line 2 for the same days"));
  // one after the other is no overlap, and an open one lasts until the next
  office.take("2301,水道課,佐藤,2026-04-01,\n2301,水道課,山田,2025-04-01,\n", "2026-04-01");
  CHECK(office.csv() ==
        "2301,水道課,山田,2025-04-01,2026-03-31\n"
        "2301,水道課,佐藤,2026-04-01,\n");
}

TEST_CASE("a row whose last day reaches into what the directory says after it is refused") {
  Office office;
  office.take("2301,水道課,佐藤,2026-04-01,\n", "2026-03-01");
  CHECK(office.refusal("2301,水道課,代理,2026-03-01,2026-04-30\n", "2026-03-01") ==
        "2: lasts until 2026-04-30, but the directory has another row of this number from "
        "2026-04-01: end it before, or give a row with that first day, too");
}

TEST_CASE("a row of the past without its first day is refused where the past is known otherwise") {
  Office office;
  office.take("2301,水道課,山田,,\n", "2025-04-01");
  CHECK(office.refusal("2301,水道課,佐藤,,2024-03-31\n", "2026-04-01")
            .starts_with("2: ends before today"));
  // where nothing is known of it, it is since ever
  office.take("2302,水道課,佐藤,2025-04-01,\n", "2025-04-01");
  office.take("2302,水道課,鈴木,,2024-03-31\n", "2026-04-01");
  CHECK(office.csv() ==
        "2301,水道課,山田,,\n"
        "2302,水道課,鈴木,,2024-03-31\n"
        "2302,水道課,佐藤,2025-04-01,\n");
}

TEST_CASE("an export read back changes nothing, on any day") {
  Office office;
  office.take("2301,水道課,山田,,\n2302,税務課,佐藤,,2025-12-31\n2303,市民課,高橋,2026-10-01,\n",
              "2025-04-01");
  office.take("2301,水道課,鈴木,2026-04-01,\n23??,本庁,,,\n", "2026-04-01");
  office.take("2301,水道課,山田,2027-04-01,\n", "2026-04-01");
  const std::string all = office.csv();
  for (const auto* today : {"2020-01-01", "2025-12-31", "2026-04-01", "2026-12-01", "2030-01-01"}) {
    CAPTURE(today);
    CHECK(counts(office.take(all, today), 0, 0, 0, 6));
    CHECK(office.csv() == all);
  }
}

TEST_CASE("a number with a hundred thousand rows costs no more than as many numbers") {
  std::string rows = kHeading;
  for (int i = 0; i < 50'000; ++i) rows += "2301,水道課,山田,,\n";
  ParsedDirectory parsed = parse_directory(rows);
  std::vector<DirectoryRow> known;
  const Day first = *parse_day("1950-01-01");
  for (int i = 0; i < 50'000; ++i) {
    DirectoryRow row = parsed.rows[0];
    row.valid_from = first + std::chrono::days(i);
    row.valid_to = row.valid_from;
    known.push_back(row);
  }
  DirectoryImportOptions options;
  options.today = *parse_day("2026-04-01");
  CHECK(plan_import(std::move(known), std::move(parsed.rows), options).faults.count == 49'999);
}

}  // namespace
}  // namespace koegura::store
