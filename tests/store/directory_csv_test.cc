// The rows of a directory, as city halls save them.
#include "directory_csv.h"

#include <doctest/doctest.h>
#include <iconv.h>

#include "csv.h"

namespace koegura::store {
namespace {

std::string text_of(const ParsedDirectory& parsed) {
  std::string text;
  for (const DirectoryFault& fault : parsed.faults.first) {
    text += std::to_string(fault.line) + ": " + fault.what + '\n';
  }
  return text;
}

std::vector<DirectoryRow> good(std::string_view bytes) {
  ParsedDirectory parsed = parse_directory(bytes);
  CHECK(text_of(parsed) == "");
  return std::move(parsed.rows);
}

bool refuses(std::string_view bytes, const std::string& with) {
  const std::string text = text_of(parse_directory(bytes));
  CAPTURE(text);
  const bool has = text.find(with) != std::string::npos;
  CHECK(has);
  return has;
}

std::string in_shift_jis(const std::string& utf8) {
  const iconv_t converter = iconv_open("CP932", "UTF-8");
  std::string text(utf8.size(), '\0');
  std::string copy = utf8;
  char* in = copy.data();
  char* out = text.data();
  std::size_t in_left = copy.size();
  std::size_t out_left = text.size();
  REQUIRE(iconv(converter, &in, &in_left, &out, &out_left) != static_cast<std::size_t>(-1));
  iconv_close(converter);
  text.resize(text.size() - out_left);
  return text;
}

const std::string kStaff =
    "number,department,person,valid_from,valid_to\n"
    "2301,水道課,山田 太郎,2026-04-01,\n"
    "23??,水道課,,,2027-03-31\n";

void check_staff(const std::vector<DirectoryRow>& rows) {
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].number == "2301");
  CHECK(rows[0].department == "水道課");
  CHECK(rows[0].person == "山田 太郎");
  CHECK(rows[0].valid_from == parse_day("2026-04-01"));
  CHECK_FALSE(rows[0].valid_to);
  CHECK(rows[1].number == "23??");
  CHECK(rows[1].person.empty());
  CHECK_FALSE(rows[1].valid_from);
  CHECK(rows[1].valid_to == parse_day("2027-03-31"));
}

TEST_CASE("the same file, however it was saved, gives the same rows") {
  std::string with_crlf;
  for (const char c : kStaff) with_crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  check_staff(good(kStaff));
  check_staff(good("\xEF\xBB\xBF" + kStaff));
  check_staff(good(with_crlf));
  check_staff(good(in_shift_jis(with_crlf)));
  check_staff(good(kStaff.substr(0, kStaff.size() - 1)));  // no end of the last line
  check_staff(good("\n,,,,\n" + kStaff + ",,,,\r\n\r\n"));
}

TEST_CASE("columns may be named in Japanese and stand in any order") {
  check_staff(
      good("氏名,内線,終了日,課,開始日\n"
           "　山田 太郎 ,２３０１,,水道課,令和8年4月1日\n"
           ",２３？？,2027/3/31,水道課,\n"));
  CHECK(good("番号,担当\n2301,山田\n").size() == 1);
  CHECK(good("Number,DEPARTMENT\n2301,水道課\n").size() == 1);
}

TEST_CASE("a quoted field may hold commas and quotes") {
  const auto rows =
      good("number,department,person\n\"2301\",\"水道課, 検針\",\"\"\"Bob\"\" 山田\"\n");
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].department == "水道課, 検針");
  CHECK(rows[0].person == "\"Bob\" 山田");
  CHECK(good(directory_csv(rows))[0].person == rows[0].person);
}

TEST_CASE("what is written is what is read") {
  CHECK(directory_csv(good(kStaff)) == kStaff);
}

TEST_CASE("each bad row is named by its line, and says what to do") {
  const std::string bad =
      "number,department,person,valid_from,valid_to\n"
      "2301,水道課,山田,2026-02-30,\n"
      "2302,水道課,山田,2026-04-01,\n"
      ",水道課,山田,,\n"
      "2304,,,,\n"
      "2305,水道課,山田\n"
      "2306,水道課,山田,2026-04-01,2026-03-31\n"
      "山田,水道課,2307,,\n"
      "*,水道課,山田,,\n"
      "2308,水\"道課,山田,,\n"
      "2309,\"水道課\"x,山田,,\n"
      "2310,\"水\n道課\",山田,,\n"
      "2311,水道課,\x1b[31m山田,,\n";
  CHECK(
      text_of(parse_directory(bad)) ==
      "2: '2026-02-30' is no date: as in 2026-04-01, 2026/4/1 or 令和8年4月1日\n"
      "4: no number: give one, or take the row out\n"
      "5: neither a department nor a person: name one, or take the row out\n"
      "6: 3 fields, and the heading has 5: put a name with a comma in quotes\n"
      "7: ends on 2026-03-31, before it begins on 2026-04-01\n"
      "8: '山田' is no number: digits, a SIP user's name, or a pattern such as 23??\n"
      "9: '*' matches every number: a pattern needs a digit\n"
      "10: a quote within a field: put the whole field in quotes, and double those in it\n"
      "11: something follows the quote that closes a field: a comma or the line's end must\n"
      "12: '水\xEF\xBF\xBD道課' holds a line break or another control character: take it out\n"
      "14: '\xEF\xBF\xBD[31m山田' holds a line break or another control character: take it out\n");
  CHECK(parse_directory(bad).rows.size() == 1);
}

TEST_CASE("a quote that is never closed is told by the line on which it opens") {
  CHECK(refuses("number,person\n2301,a\n2302,\"b\n2303,c\n", "3: the quote that opens a field"));
}

TEST_CASE("the heading must be one, with columns that are known, each once") {
  CHECK(refuses("", "0: is empty"));
  CHECK(refuses("\n\n", "0: is empty"));
  CHECK(refuses("2301,水道課,山田\n", "1: unknown column '2301'"));
  CHECK(refuses("number,department,fax\n", "1: unknown column 'fax'"));
  CHECK(refuses("number,内線,person\n", "1: the column '内線' is there already, as 'number'"));
  CHECK(refuses("department,person\n", "1: no column for the number"));
  CHECK(refuses("number,valid_from\n", "1: no column for the department"));
  CHECK(refuses("number;department;person\n2301;a;b\n", "separated by commas"));
  CHECK(refuses("number\tperson\n", "separated by commas"));
}

TEST_CASE("bytes of another encoding are refused with the line") {
  CHECK(refuses("number,person\n2301,a\n2302,\xFF\xFD\n", "3: neither UTF-8 nor Shift_JIS"));
  CHECK(refuses(std::string("\xFF\xFEn\0", 4), "0: is UTF-16"));
}

TEST_CASE("what is too long, too wide or too much is refused") {
  CHECK(refuses("number,person\n" + std::string(65, '1') + ",a\n", "2: number '1111"));
  CHECK(refuses("number,person\n1," + std::string(257, 'a') + "\n", "is longer than 256 bytes"));
  CHECK(refuses("number,person\n1," + std::string(100, ',') + "\n", "2: more than 64 columns"));
  std::string many = "number,person\n";
  for (std::size_t i = 0; i <= kMaxDirectoryRows; ++i) many += std::to_string(i) + ",a\n";
  CHECK(refuses(many, "100002: more than 100000 rows"));
}

TEST_CASE("of many faults the first are kept, and all are counted") {
  std::string bad = "number,person\n";
  for (int i = 0; i < 1000; ++i) bad += ",a\n";
  const ParsedDirectory parsed = parse_directory(bad);
  CHECK(parsed.faults.count == 1000);
  CHECK(parsed.faults.first.size() == 20);
}

}  // namespace
}  // namespace koegura::store
