// Signalling: who had been called before, as Diversion (RFC 5806) and History-Info (RFC 7044) tell.

#include "signalling_story.h"

namespace koegura::capture::test {
namespace {

// "user reason, user reason", the latest first.
std::string told(const FinishedCall& call) {
  std::string text;
  for (const Diversion& diversion : call.diversions) {
    if (!text.empty()) text += ", ";
    text += diversion.party.user + " " + (diversion.reason.empty() ? "-" : diversion.reason);
  }
  return text;
}

std::string diversions(const std::string& headers) {
  SipStory story;
  story.caller("INVITE", {.headers = headers}).finish();
  return told(story.call());
}

}  // namespace

TEST_CASE("Diversion: one field, several fields, several in one field, the latest first") {
  CHECK(diversions("Diversion: \"Desk\" <sip:2301@x>;reason=no-answer;counter=1\r\n") ==
        "2301 no-answer");
  const std::string both = "2302 user-busy, 2301 unconditional";
  CHECK(diversions("Diversion: <sip:2302@x>;reason=user-busy;screen=no,"
                   " <sip:2301@x>;reason=unconditional\r\n") == both);
  CHECK(diversions("Diversion: <sip:2302@x>;reason=user-busy\r\n"
                   "Diversion: <sip:2301@x>;reason=unconditional\r\n") == both);
}

TEST_CASE("Diversion: quoted forms, commas in names, any case, no reason, tel") {
  CHECK(diversions("Diversion: \"Water, Roads\" <sip:2301@x>;reason=\"Time-Of-Day\"\r\n") ==
        "2301 time-of-day");
  CHECK(diversions("Diversion: <tel:+81312345678>\r\n") == "+81312345678 -");
  CHECK(diversions("Diversion: sip:2301@x;reason=follow-me\r\n") == "2301 follow-me");
}

TEST_CASE("Diversion: a party that comes twice is one, with the reason that says something") {
  CHECK(diversions("Diversion: <sip:2301@x>;reason=unknown\r\n"
                   "Diversion: <sip:2301@y>;reason=no-answer\r\n") == "2301 no-answer");
}

TEST_CASE("History-Info: the reason is in the headers of the URI that was left") {
  CHECK(diversions("History-Info: "
                   "<sip:2301@x?Reason=SIP%3Bcause%3D486%3Btext%3D%22Busy%20Here%22>;index=1,"
                   " <sip:2302@x>;index=1.1\r\n") == "2301 user-busy");
  CHECK(diversions("History-Info: <sip:2301@x?Privacy=none&Reason=SIP%3Bcause%3D408>;index=1\r\n"
                   "History-Info: <sip:2302@x>;index=1.1\r\n") == "2301 no-answer");
  CHECK(diversions("History-Info: <sip:2301@x?Reason=Q.850%3Bcause%3D17>;index=1,"
                   "<sip:2302@x>;index=1.1\r\n") == "2301 user-busy");
}

TEST_CASE("History-Info: the cause of RFC 4458 in the new target is told in RFC 5806's words") {
  struct Row {
    const char* cause;
    const char* word;
  };
  constexpr Row kRows[] = {{"302", "unconditional"}, {"408", "no-answer"},   {"486", "user-busy"},
                           {"404", "unknown"},       {"503", "unavailable"}, {"480", "deflection"},
                           {"487", "deflection"}};
  for (const Row& row : kRows) {
    CAPTURE(row.cause);
    CHECK(diversions(
              "History-Info: <sip:2301@x>;index=1, <sip:2302@x;cause=" + std::string(row.cause) +
              ">;index=1.1;mp=1\r\n") == "2301 " + std::string(row.word));
  }
}

TEST_CASE(
    "History-Info: diversions stand in order of the index, whatever the order of the fields") {
  CHECK(diversions("History-Info: <sip:2303@x;cause=486>;index=1.1.1\r\n"
                   "History-Info: <sip:2301@x>;index=1\r\n"
                   "History-Info: <sip:2302@x;cause=408>;index=1.1\r\n") ==
        "2302 user-busy, 2301 no-answer");
}

TEST_CASE("History-Info: a server that only routes the call diverts nothing") {
  CHECK(diversions("History-Info: <sip:2301@x>;index=1,"
                   " <sip:2301@192.0.2.4>;index=1.1;rc=1\r\n")
            .empty());
}

TEST_CASE("History-Info: a target that was mapped from another one names it") {
  CHECK(diversions("History-Info: <sip:bob@x>;index=1\r\n"
                   "History-Info: <sip:k8dn@192.0.2.4?Reason=SIP%3Bcause%3D408>;index=1.1;rc=1\r\n"
                   "History-Info: <sip:office@x>;index=1.2;mp=1\r\n") == "bob no-answer");
}

TEST_CASE("what both fields tell is one diversion") {
  CHECK(diversions("Diversion: <sip:2302@x>;reason=no-answer, <sip:2301@x>\r\n"
                   "History-Info: <sip:2301@x>;index=1, <sip:2302@x;cause=302>;index=1.1,"
                   "<sip:2303@x;cause=408>;index=1.1.1\r\n") ==
        "2302 no-answer, 2301 unconditional");
}

TEST_CASE("a hop that knows more adds to it, in front") {
  SipStory story;
  story.caller("INVITE", {.headers = "Diversion: <sip:2301@x>;reason=no-answer\r\n"});
  story.caller("INVITE", {.hop = 2, .headers = "Diversion: <sip:2302@x>, <sip:2301@x>\r\n"});
  story.finish();
  CHECK(told(story.call()) == "2302 -, 2301 no-answer");
}

TEST_CASE("diversions of one leg are bounded in number and in text, and the rest is counted") {
  std::string many;
  for (int i = 0; i < 40; ++i) many += "Diversion: <sip:" + std::to_string(i) + "@x>\r\n";
  SipStory story;
  story.caller("INVITE", {.headers = many}).finish();
  CHECK(story.call().diversions.size() == 16);
  CHECK(story.stats().leg_entries_refused == 24);

  std::string long_ones;
  for (int i = 0; i < 10; ++i) {
    long_ones += "Diversion: <sip:" + std::to_string(i) + std::string(1000, 'x') + "@x>\r\n";
  }
  SipStory other;
  other.caller("INVITE", {.headers = long_ones}).finish();
  CHECK(other.call().diversions.size() == 4);  // user and URI
  CHECK(other.stats().leg_entries_refused == 6);
}

}  // namespace koegura::capture::test
