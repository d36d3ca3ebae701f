// Signalling: one call that rings several telephones: who answered, and who lost.

#include "signalling_story.h"

namespace koegura::capture::test {
namespace {

constexpr const char* kElsewhere = "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n";

// How a call ended that a PBX cancelled with these header fields.
Release cancelled_with(const std::string& headers) {
  SipStory story;
  story.caller("INVITE").response(180, "Ringing").caller("CANCEL", {.headers = headers});
  story.response(200, "OK").response(487, "Request Terminated", {.method = "INVITE"}).advance(2);
  CHECK(story.call().state == CallState::kCancelled);
  return story.call().release;
}

// A branch of a proxy's fork: the second hop, seen between the proxy and a telephone.
Said branch(const char* name, const std::string& headers = "") {
  return {.cseq = 1, .hop = 2, .branch = name, .callee_tag = name, .headers = headers};
}

}  // namespace

TEST_CASE("several early dialogs and one answer: the one who answered, and all tags") {
  SipStory story;
  story.caller("INVITE");
  for (const char* const phone : {"one", "two", "three"}) story.caller("INVITE", branch(phone));
  story.time(1);
  for (const char* const phone : {"one", "two", "three"}) {
    story.response(180, "Ringing", branch(phone));
  }
  story.time(5).response(200, "OK", branch("two", "Contact: <sip:2345@192.0.2.45>\r\n"));
  for (const char* const phone : {"one", "three"}) {
    story.caller("CANCEL", branch(phone, kElsewhere));
    story.response(487, "Request Terminated", {.hop = 2, .branch = phone, .method = "INVITE"});
  }
  story.time(30).callee("BYE", {.callee_tag = "two"}).advance(40);
  CHECK(story.stats().legs == 1);
  CHECK(story.call().state == CallState::kAnswered);
  CHECK(story.call().answered_by.user == "2345");
  CHECK(story.call().end == SipStory::at(30));
  CHECK_FALSE(story.call().release.elsewhere);
  CHECK(story.call().links.callee_tags == std::vector<std::string>{"one", "two", "three"});
}

TEST_CASE("a CANCEL tells a telephone whose neighbour answered from a missed call") {
  const Release lost = cancelled_with(kElsewhere);
  CHECK(lost.elsewhere);
  CHECK(lost.reason == "Call completed elsewhere");
  CHECK(lost.code == 487);
  CHECK_FALSE(cancelled_with("").elsewhere);
}

TEST_CASE("the reason may be any of several, in one field or in many") {
  CHECK(cancelled_with("Reason: Q.850;cause=26, SIP;cause=486\r\n").elsewhere);
  CHECK(cancelled_with("Reason: Q.850;cause=16;text=\"a, b\", SIP ;cause=200\r\n").elsewhere);
  CHECK(cancelled_with("Reason: Q.850;cause=16\r\nreason: sip;cause=\"200\"\r\n").elsewhere);
  CHECK_FALSE(cancelled_with("Reason: Q.850;cause=200, SIP;cause=26\r\n").elsewhere);
  CHECK_FALSE(cancelled_with("Reason: X.500;cause=200, SIP;text=\"cause=200\"\r\n").elsewhere);
  CHECK(cancelled_with("Reason: Q.850;cause=26\r\nReason: SIP;text=\"Taken\"\r\n").reason ==
        "Taken");
}

TEST_CASE("a CANCEL without 487, and a BYE, tell it as well") {
  SipStory story;
  story.caller("INVITE").caller("CANCEL", {.headers = kElsewhere}).advance(40);
  CHECK(story.call().release.elsewhere);
  SipStory other;
  other.caller("INVITE").response(180, "Ringing");
  other.caller("BYE", {.in_dialog = true, .headers = kElsewhere}).advance(40);
  CHECK(other.call().release.elsewhere);
}

TEST_CASE("a CANCEL that crosses the answer lost, whatever it says") {
  SipStory story;
  story.caller("INVITE").caller("CANCEL", {.headers = kElsewhere}).time(1);
  story.response(200, "OK", {.method = "INVITE"}).time(9).callee("BYE").advance(20);
  CHECK(story.call().state == CallState::kAnswered);
  CHECK_FALSE(story.call().release.elsewhere);
}

TEST_CASE("of two who answer, the one who stays on the line has answered") {
  SipStory story;
  story.caller("INVITE")
      .response(200, "OK", {.callee_tag = "bob", .headers = "Contact: <sip:2311@192.0.2.2>\r\n"})
      .response(200, "OK", {.callee_tag = "carol", .headers = "Contact: <sip:2312@192.0.2.3>\r\n"})
      .caller("BYE", {.callee_tag = "bob", .in_dialog = true})
      .advance(30);
  story.callee("BYE", {.callee_tag = "carol"}).finish();
  CHECK(story.call().end == SipStory::at(30));
  CHECK(story.call().answered_by.user == "2312");
}

TEST_CASE("a hop that asserts who answered is believed before the Contact of another") {
  SipStory story;
  story.caller("INVITE").caller("INVITE", {.hop = 2});
  story.response(200, "OK", {.hop = 2, .headers = "Contact: <sip:2311@192.0.2.2>\r\n"});
  story.response(200, "OK",
                 {.headers = "P-Asserted-Identity: \"Water\" <sip:2350@pbx.example>\r\n"
                             "Contact: <sip:pbx@192.0.2.5>\r\n"});
  story.finish();
  CHECK(story.call().answered_by.user == "2350");
  CHECK(story.call().answered_by.display_name == "Water");
}

TEST_CASE("where only a proxy's own hops are seen, one busy telephone does not end the call") {
  SipStory story;
  story.caller("INVITE", branch("one")).caller("INVITE", branch("two"));
  story.response(486, "Busy Here", branch("one")).advance(30);
  CHECK(story.finished.empty());
  story.response(200, "OK", branch("two")).time(60).callee("BYE", {.callee_tag = "two"});
  story.advance(70);
  CHECK(story.call().state == CallState::kAnswered);
  CHECK(story.call().answered == SipStory::at(30));
}

TEST_CASE("a hunt that gives up one telephone after the other is the caller's patience") {
  SipStory story;
  story.caller("INVITE", branch("one")).time(20).caller("CANCEL", branch("one"));
  story.response(487, "Request Terminated", {.hop = 2, .branch = "one", .method = "INVITE"});
  story.caller("INVITE", branch("two")).advance(60);
  CHECK(story.finished.empty());
  story.response(200, "OK", branch("two")).time(90).callee("BYE", {.callee_tag = "two"});
  story.advance(100);
  CHECK(story.call().state == CallState::kAnswered);
  CHECK(story.call().start == SipStory::at(0));
}

TEST_CASE("a caller who gives up cancels all of a proxy's branches") {
  SipStory story;
  story.caller("INVITE", branch("one")).caller("INVITE", branch("two")).time(10);
  for (const char* const phone : {"one", "two"}) story.caller("CANCEL", branch(phone));
  for (const char* const phone : {"one", "two"}) {
    story.response(487, "Request Terminated", {.hop = 2, .branch = phone, .method = "INVITE"});
  }
  story.advance(20);
  CHECK(story.call().state == CallState::kCancelled);
  CHECK(story.call().end == SipStory::at(10));
}

}  // namespace koegura::capture::test
