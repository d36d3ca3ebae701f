#include "directory_text.h"

#include <doctest/doctest.h>

#include <clocale>

namespace koegura::tools {
namespace {

using store::DirectoryChange;
using store::DirectoryRow;

DirectoryRow row(const std::string& number, const std::string& department,
                 const std::string& person, const std::string& from, const std::string& to) {
  const auto day = [](const std::string& text) {
    return text.empty() ? std::nullopt : store::parse_day(text);
  };
  return {.number = number,
          .department = department,
          .person = person,
          .valid_from = day(from),
          .valid_to = day(to)};
}

TEST_CASE("the directory is listed in columns, wide characters and all") {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  const auto lines = directory_lines({row("2301", "水道課", "山田", "", "2026-03-31"),
                                      row("03-5550-*", "IT推進課", "", "2026-04-01", "")});
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == "NUMBER     DEPARTMENT  PERSON  FROM        TO");
  CHECK(lines[1] == "2301       水道課      山田                2026-03-31");
  CHECK(lines[2] == "03-5550-*  IT推進課            2026-04-01");
  CHECK(directory_lines({}).empty());
}

TEST_CASE("what an import would change is told row by row, and summed up") {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  store::DirectoryImport import;
  import.changes = {
      {DirectoryChange::Kind::kAdded, row("2301", "水道課", "佐藤", "2026-04-01", "")},
      {DirectoryChange::Kind::kChanged, row("2302", "税務課", "高橋", "", "2027-03-31")},
      {DirectoryChange::Kind::kEnded, row("2301", "水道課", "山田", "", "2026-03-31")},
      { DirectoryChange::Kind::kEnded,
        row("2303", "市民課", "鈴木", "2026-10-01", "") }};
  import.added = 1;
  import.changed = 1;
  import.ended = 2;
  import.unchanged = 1234;
  const auto lines = change_lines(import.changes);
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == "+ 2301  水道課  佐藤  from 2026-04-01");
  CHECK(lines[1] == "~ 2302  税務課  高橋  since ever to 2027-03-31");
  CHECK(lines[2] == "- 2301  水道課  山田  ends 2026-03-31");
  CHECK(lines[3] == "- 2303  市民課  鈴木  never begins");
  CHECK(summary_text(import) == "1 added, 1 changed, 2 ended, 1,234 unchanged");
  CHECK(step_of(import.changes[2]).change() == "ended");
  CHECK(step_of(import.changes[2]).entry().valid_to() == "2026-03-31");
}

}  // namespace
}  // namespace koegura::tools
