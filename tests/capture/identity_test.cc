// Signalling: who the parties are.

#include "signalling_story.h"

namespace koegura::capture::test {
namespace {

// The call that one INVITE and its 200 make.
FinishedCall call_of(const Said& invite, const Said& answer = {}) {
  SipStory story;
  story.caller("INVITE", invite);
  if (!answer.headers.empty()) story.response(200, "OK", answer);
  story.finish();
  return story.call();
}

}  // namespace

TEST_CASE("the asserted identity counts before the preferred one, and both before From") {
  Said invite{.headers = "P-Preferred-Identity: \"Desk\" <sip:0311112222@pbx.example>\r\n"};
  CHECK(call_of(invite).caller.user == "0311112222");
  invite.headers += "P-Asserted-Identity: <sip:+81333334444@pbx.example>, <tel:+81333334444>\r\n";
  const FinishedCall call = call_of(invite);
  CHECK(call.caller.user == "+81333334444");
  CHECK(call.caller.uri == "sip:+81333334444@pbx.example");
  CHECK(call.caller.display_name == "Alice");
}

TEST_CASE("an identity that only the second hop asserts is taken as well") {
  SipStory story;
  story.caller("INVITE");
  story.caller("INVITE", {.hop = 2, .headers = "P-Asserted-Identity: <tel:+81333334444>\r\n"});
  story.finish();
  CHECK(story.call().caller.user == "+81333334444");
}

TEST_CASE("the user part is unescaped and stands without parameters and password") {
  struct Row {
    const char* from;
    const char* user;
  };
  constexpr Row kRows[] = {
      {"<sip:%2B81312345678@pbx.example>", "+81312345678"},
      {"<tel:03-1234-5678;phone-context=+81>", "03-1234-5678"},
      {"<sip:0312345678;npdi=yes@pbx.example;user=phone>", "0312345678"},
      {"<sip:alice:secret@pbx.example>", "alice"},
      {"<sips:alice@pbx.example>", "alice"},
      {"<sip:pbx.example>", ""},
      {"sip:2301@pbx.example", "2301"},
      {"<sip:100%zz@pbx.example>", "100%zz"},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.from);
    CHECK(call_of({.from = row.from}).caller.user == row.user);
  }
}

TEST_CASE("a hidden number keeps the reason, in the words of Japanese carriers") {
  struct Row {
    const char* from;
    const char* headers;
    const char* withheld;
  };
  constexpr Row kRows[] = {
      {"Anonymous <sip:anonymous@anonymous.invalid>", "", "Anonymous"},
      {"\"Coin line/payphone\" <sip:anonymous@anonymous.invalid>", "", "Coin line/payphone"},
      {"Unavailable <sip:anonymous@anonymous.invalid>", "", "Unavailable"},
      {"\"Interaction with other service\" <sip:anonymous@anonymous.invalid>", "",
       "Interaction with other service"},
      {"<sip:anonymous@anonymous.invalid>", "", "Anonymous"},
      {"<sip:0312345678@pbx.example>", "Privacy: critical; id\r\n", "Anonymous"},
      {"<sip:0312345678@pbx.example>", "Privacy: header;USER\r\n", "Anonymous"},
      {"<sip:0312345678@pbx.example>", "Privacy: header\r\nPrivacy: id\r\n", "Anonymous"},
      {"<sip:0312345678@pbx.example>", "Privacy: header, id\r\n", "Anonymous"},
      {"<sip:0312345678@pbx.example>", "Privacy: header;session;history\r\n", ""},
      {"<sip:0312345678@pbx.example>", "Privacy: none\r\n", ""},
      {"\"非通知\" <sip:anonymous@anonymous.invalid>", "", "Anonymous"},
      {"公衆電話 <sip:anonymous@anonymous.invalid>", "", "Coin line/payphone"},
      {"\"表示圏外\" <sip:anonymous@anonymous.invalid>", "", "Unavailable"},
      {"\"通知不可能\" <sip:anonymous@anonymous.invalid>", "", "Unavailable"},
      {"\"サービス競合\" <sip:anonymous@anonymous.invalid>", "", "Interaction with other service"},
      {"=?UTF-8?B?6Z2e6YCa55+l?= <sip:anonymous@anonymous.invalid>", "", "Anonymous"},
      // the same in Shift_JIS
      {"\"\x94\xF1\x92\xCA\x92\x6D\" <sip:anonymous@anonymous.invalid>", "", "Anonymous"},
      {"\"\x8C\xF6\x8F\x4F\x93\x64\x98\x62\" <sip:anonymous@anonymous.invalid>", "",
       "Coin line/payphone"},
      {"\"\x95\x5C\x8E\xA6\x8C\x97\x8A\x4F\" <sip:anonymous@anonymous.invalid>", "", "Unavailable"},
      {"<sip:unavailable@unknown.invalid>", "", "Unavailable"},
      {"<sip:unavailable@pbx.example>", "", ""},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.from);
    CHECK(call_of({.from = row.from, .headers = row.headers}).caller.withheld == row.withheld);
  }
}

TEST_CASE("a hidden number that the network asserts is known, and still hidden") {
  const FinishedCall call = call_of({.from = "Anonymous <sip:anonymous@anonymous.invalid>",
                                     .headers = "P-Asserted-Identity: <tel:+81312345678>\r\n"
                                                "Privacy: id\r\n"});
  CHECK(call.caller.user == "+81312345678");
  CHECK(call.caller.withheld == "Anonymous");
}

TEST_CASE("display names become UTF-8 without quotes, escapes and folding") {
  struct Row {
    const char* from;
    const char* name;
  };
  const Row rows[] = {
      {"\"A \\\"B\\\" \\\\ C\" <sip:1@x>", "A \"B\" \\ C"},
      {"Plain Name <sip:1@x>", "Plain Name"},
      {"\"\xE5\xB8\x82\xE5\xBD\xB9\xE6\x89\x80\" <sip:1@x>", "市役所"},
      {"\"\x8E\x73\x96\xF0\x8F\x8A\" <sip:1@x>", "市役所"},    // Shift_JIS
      {"\"\x95\x5C\x8E\xA6\" <sip:1@x>", "表示"},              // with 0x5C inside a character
      {"\"\xFF\xFE\" <sip:1@x>", "\xEF\xBF\xBD\xEF\xBF\xBD"},  // neither
      {"\"two\r\n lines\" <sip:1@x>", "two lines"},
      {"\"\" <sip:1@x>", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.from);
    CHECK(call_of({.from = row.from}).caller.display_name == row.name);
  }
}

TEST_CASE("of several asserted identities the first one that names a user counts") {
  CHECK(call_of({.headers = "P-Asserted-Identity: <sip:trunk.carrier.example>\r\n"
                            "P-Asserted-Identity: \"City, Hall\" <tel:+81312345678>\r\n"})
            .caller.user == "+81312345678");
}

TEST_CASE("the raw form is kept, whatever is dialled in front of the number") {
  for (const char* const dialled : {"1840312345678", "1860312345678", "+81312345678", "117"}) {
    const std::string uri = "sip:" + std::string(dialled) + "@ntt.example;user=phone";
    const FinishedCall call = call_of({.to = "<" + uri + ">"});
    CHECK(call.callee.user == dialled);
    CHECK(call.callee.uri == uri);
  }
}

TEST_CASE("where To names nobody, the Request-URI is the callee") {
  CHECK(call_of({.to = "<sip:pbx.example>"}).callee.user == "2302");
  CHECK(call_of({.to = "<sip:117@pbx.example>"}).callee.user == "117");
}

TEST_CASE("who answered is asserted, told by Remote-Party-ID, or the number in the Contact") {
  struct Row {
    const char* headers;
    const char* user;
  };
  constexpr Row kRows[] = {
      {"Contact: <sip:2399@192.0.2.2>\r\n", "2399"},
      {"Contact: <sip:f3a9xk@192.0.2.2:51344;transport=tcp>\r\n", "2302"},
      {"Contact: <sip:2399@192.0.2.2>\r\nRemote-Party-ID: <sip:2350@pbx>;party=called\r\n", "2350"},
      {"Remote-Party-ID: <sip:2350@pbx>\r\nP-Asserted-Identity: <sip:2351@pbx>\r\n", "2351"},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.headers);
    CHECK(call_of({}, {.headers = row.headers}).answered_by.user == row.user);
  }
}

}  // namespace koegura::capture::test
