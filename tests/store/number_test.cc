#include "store/number.h"

#include <doctest/doctest.h>

namespace koegura::store {
namespace {

std::string normalised(std::string_view raw) {
  return normalise_number(raw, "JP");
}

bool finds(std::string_view pattern, std::string_view raw) {
  return parse_number_pattern(pattern, "JP").matches(number_term(normalised(raw)));
}

TEST_CASE("every spelling of a number of the region becomes one form") {
  for (const char* spelling :
       {"0312345678", "03-1234-5678", "(03) 1234.5678", "+81312345678", "+81 3 1234 5678",
        "81312345678", "０３（１２３４）５６７８", "０３－１２３４－５６７８", "03‐1234ー5678",
        "184 0312345678", "1860312345678", "184-03-1234-5678", "+81-3-1234-5678;ext=5",
        "0312345678;phone-context=example.jp", "010 81 3 1234 5678"}) {
    CAPTURE(spelling);
    CHECK(normalised(spelling) == "+81312345678");
  }
}

TEST_CASE("numbers of other countries keep their own code") {
  CHECK(normalised("+1 415 555 0123") == "+14155550123");
  CHECK(normalised("010-1-415-555-0123") == "+14155550123");
}

TEST_CASE("mobile, toll-free and service numbers are numbers of the region") {
  CHECK(normalised("090-1234-5678") == "+819012345678");
  CHECK(normalised("0120-123-456") == "+81120123456");
  CHECK(normalised("0570-012345") == "+81570012345");
}

TEST_CASE("a range that libphonenumber does not know yet is one number in both spellings") {
  CHECK(normalised("060-1234-5678") == "+816012345678");
  CHECK(normalised("+816012345678") == "+816012345678");
}

TEST_CASE("extensions and service codes keep what is dialled") {
  CHECK(normalised("2301") == "2301");
  CHECK(normalised("23-01") == "2301");
  CHECK(normalised("110") == "110");
  CHECK(normalised("0312") == "0312");
  CHECK(normalised("*67") == "*67");
  CHECK(normalised("1840") == "1840");  // an extension, not the prefix that hides a number
  CHECK(normalised("８３０１") == "8301");
}

TEST_CASE("digits that would be another number at the second reading are none") {
  CHECK(normalised("00000000000") == "00000000000");
}

TEST_CASE("names keep themselves") {
  CHECK(normalised("alice") == "alice");
  CHECK(normalised("user1") == "user1");
  CHECK(normalised(" line-2301-a ") == "line-2301-a");
  CHECK(normalised("市役所") == "市役所");
  CHECK(normalised("") == "");
  CHECK(normalised("---") == "---");
  CHECK(normalised("+") == "+");
}

TEST_CASE("the national form is what one dials inside the region") {
  CHECK(national_number("+81312345678", "JP") == "0312345678");
  CHECK(national_number("+14155550123", "JP") == "+14155550123");
  CHECK(national_number("2301", "JP") == "2301");
}

TEST_CASE("a whole number finds every spelling and nothing longer") {
  CHECK(finds("03-1234-5678", "+81312345678"));
  CHECK(finds("+81312345678", "0312345678"));
  CHECK(finds("２３０１", "2301"));
  CHECK_FALSE(finds("2301", "92301"));
  CHECK_FALSE(finds("0312345678", "0312345679"));
}

TEST_CASE("a suffix finds the numbers that end with it") {
  CHECK(finds("*5678", "0312345678"));
  CHECK(finds("＊５６７８", "0312345678"));
  CHECK(finds("*0312345678", "+81312345678"));
  CHECK(finds("*01", "2301"));
  CHECK_FALSE(finds("*5678", "0356781234"));
}

TEST_CASE("a prefix finds the numbers that begin with it, written as at home or abroad") {
  CHECK(finds("0312*", "0312345678"));
  CHECK(finds("03-12*", "+81312345678"));
  CHECK(finds("+8131*", "0312345678"));
  CHECK(finds("8131*", "0312345678"));
  CHECK(finds("23*", "2301"));
  CHECK_FALSE(finds("0313*", "0312345678"));
}

TEST_CASE("a part finds it anywhere") {
  CHECK(finds("*1234*", "0312345678"));
  CHECK_FALSE(finds("*4321*", "0312345678"));
}

TEST_CASE("names are found in any case") {
  CHECK(finds("ALICE", "Alice"));
  CHECK(finds("al*", "Alice"));
  CHECK(finds("*ICE", "alice"));
  CHECK_FALSE(finds("alice", "alice2"));
}

TEST_CASE("a pattern of nothing finds everything") {
  CHECK(parse_number_pattern("", "JP").forms.empty());
  CHECK(parse_number_pattern("*", "JP").forms.empty());
  CHECK(finds("**", "2301"));
}

}  // namespace
}  // namespace koegura::store
