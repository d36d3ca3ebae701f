// Text from the wire: whatever was sent, people get UTF-8.

#include "wire_text.h"

#include <doctest/doctest.h>

#include <string>

#include "capture/sip_message.h"

namespace koegura::capture {

TEST_CASE("encoded words become what they encode, whatever charset of the field they are in") {
  struct Row {
    const char* quoted;
    const char* text;
  };
  constexpr Row kRows[] = {
      {"=?UTF-8?B?5biC5b255omA?=", "市役所"},
      {"=?utf-8?q?=E5=B8=82=E5=BD=B9=E6=89=80_1?=", "市役所 1"},
      {"=?ISO-2022-JP?B?GyRCO1RMcj1qGyhC?=", "市役所"},
      {"=?Shift_JIS?B?jnOW8I+K?=", "市役所"},
      {"=?EUC-JP?B?u9TM8r3q?=", "市役所"},
      {"=?iso-8859-1*en?Q?Zo=EB?=", "Zoë"},
      {"before =?UTF-8?B?5biC?=  =?UTF-8?B?5b25?= after", "before 市役 after"},
      {"=?UTF-8?B?5biC?= x =?UTF-8?B?5b25?=", "市 x 役"},
      {"=?UTF-8?B?"
       "?=",
       ""},
      // What is none, or cannot be read, stays.
      {"=?", "=?"},
      {"=?=?=?=?", "=?=?=?=?"},
      {"=?UTF-8?B?5biC", "=?UTF-8?B?5biC"},
      {"=?UTF-8?X?5biC?=", "=?UTF-8?X?5biC?="},
      {"=?UTF-8?B?5b!C?=", "=?UTF-8?B?5b!C?="},
      {"=?UTF-8?Q?=E?=", "=?UTF-8?Q?=E?="},
      {"=?UTF-8?B?/////w==?=", "=?UTF-8?B?/////w==?="},
      {"=?klingon?B?5biC?=", "=?klingon?B?5biC?="},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.quoted);
    CHECK(unescaped_text(row.quoted) == row.text);
  }
}

TEST_CASE("a Shift_JIS name that ends in half a backslash closes its quotes all the same") {
  const auto name_in = [](std::string_view value) {
    const auto address = SipNameAddr::parse(value);
    REQUIRE(address);
    CHECK(address->uri == "sip:1@x");
    return unescaped_text(address->display_name);
  };
  CHECK(name_in("\"\x91\x8B\x8C\xFB\x82\xCC\x95\x5C\" <sip:1@x>;x=\"y\"") == "窓口の表");
  CHECK(name_in("\"\x83\x5C\" <sip:1@x>") == "ソ");
  CHECK(name_in("\"\xE8\xA1\xA8\\\"\" <sip:1@x>") == "表\"");  // UTF-8, and a real escape
  CHECK(name_in("\"\xC4\x80\\\\\" <sip:1@x>") == "Ā\\");
  CHECK(name_in("\x95\x5C <sip:1@x>") == "表");
}

TEST_CASE("a character is as long as its encoding says") {
  CHECK(character_length("a") == 1);
  CHECK(character_length("\xE8\xA1\xA8") == 3);
  CHECK(character_length("\x95\x5C") == 2);
  CHECK(character_length("\x95") == 1);
  CHECK(character_length("\x95\"") == 1);
  CHECK(character_length("\xB6") == 1);  // half-width katakana
}

TEST_CASE("a percent escape may hold either charset") {
  CHECK(percent_decoded("%E5%B8%82%31") == "市1");
  CHECK(percent_decoded("%8E%73") == "市");
  CHECK(percent_decoded("100%") == "100%");
  CHECK(percent_decoded("%4g%") == "%4g%");
}

}  // namespace koegura::capture
