// Signalling: transfers by REFER (RFC 3515), and what became of them.

#include "signalling_story.h"

namespace koegura::capture::test {
namespace {

SipStory& talk(SipStory& story) {
  return story.caller("INVITE", {.body = sdp("192.0.2.11", 4000)})
      .time(1)
      .response(200, "OK", {.body = sdp("192.0.2.12", 5000)});
}

Said refer_to(const std::string& target, unsigned cseq = 0) {
  return {.cseq = cseq, .in_dialog = true, .headers = "Refer-To: " + target + "\r\n"};
}

// A NOTIFY of a transfer's progress.
Said progress(const std::string& status_line, const std::string& event = "refer",
              const std::string& state = "active;expires=60") {
  return {.in_dialog = true,
          .headers = "Event: " + event + "\r\nSubscription-State: " + state + "\r\n",
          .body = status_line + "\r\n",
          .type = "message/sipfrag;version=2.0"};
}

const Refer& only_refer(const SipStory& story) {
  REQUIRE(story.call().links.refers.size() == 1);
  return story.call().links.refers[0];
}

}  // namespace

TEST_CASE("a blind transfer has its target, who asked for it, and its outcome") {
  SipStory story;
  talk(story).time(10).callee("REFER", refer_to("\"Water\" <sip:2345@pbx.example;user=phone>"));
  story.response(202, "Accepted");
  story.time(11).caller("NOTIFY", progress("SIP/2.0 100 Trying")).response(200, "OK");
  story.time(15).caller("NOTIFY", progress("SIP/2.0 200 OK", "refer", "terminated"));
  story.finish();
  const Refer& refer = only_refer(story);
  CHECK(refer.at == SipStory::at(10));
  CHECK(refer.by == Side::kCallee);
  CHECK(refer.target.user == "2345");
  CHECK(refer.target.uri == "sip:2345@pbx.example;user=phone");
  CHECK(refer.target.display_name == "Water");
  CHECK_FALSE(refer.replaces);
  CHECK(refer.status == 200);
  CHECK(refer.done == SipStory::at(15));
  CHECK(story.call().state == CallState::kInterrupted);  // the transfer itself ends nothing
}

TEST_CASE("an attended transfer names the other call's dialog, unescaped") {
  for (const std::string target :
       {"<sip:2345@pbx.example?Replaces=12345%40192.0.2.7%3Bto-tag%3D12%3Bfrom-tag%3D5FFE-3994>",
        "sip:2345@pbx.example?Require=replaces&"
        "replaces=12345%40192.0.2.7%3bto-tag%3d12%3bfrom-tag%3d5FFE-3994"}) {
    CAPTURE(target);
    SipStory story;
    talk(story).caller("REFER", refer_to(target)).response(202, "Accepted").finish();
    const Refer& refer = only_refer(story);
    CHECK(refer.by == Side::kCaller);
    CHECK(refer.target.uri == "sip:2345@pbx.example");
    REQUIRE(refer.replaces);
    CHECK(refer.replaces->call_id == "12345@192.0.2.7");
    CHECK(refer.replaces->to_tag == "12");
    CHECK(refer.replaces->from_tag == "5FFE-3994");
  }
}

TEST_CASE("a transfer that fails has the status that the NOTIFY told") {
  SipStory story;
  talk(story).time(10).caller("REFER", refer_to("<tel:2345>")).response(202, "Accepted");
  story.time(14).callee("NOTIFY", progress("SIP/2.0 486 Busy Here", "refer", "terminated"));
  story.finish();
  CHECK(only_refer(story).target.user == "2345");
  CHECK(only_refer(story).status == 486);
  CHECK(only_refer(story).done == SipStory::at(14));
}

TEST_CASE("a REFER that is refused has failed itself") {
  SipStory story;
  talk(story).time(10).caller("REFER", refer_to("<sip:2345@x>")).response(603, "Decline").finish();
  CHECK(only_refer(story).status == 603);
  CHECK(only_refer(story).done == SipStory::at(10));
}

TEST_CASE("an accepted REFER that nothing more is heard of has no outcome") {
  SipStory story;
  talk(story).caller("REFER", refer_to("<sip:2345@x>")).response(202, "Accepted").finish();
  CHECK(only_refer(story).status == 0);
  CHECK_FALSE(only_refer(story).done);
}

TEST_CASE("a challenged REFER and the one with credentials are one transfer") {
  SipStory story;
  talk(story).time(10).caller("REFER", refer_to("<sip:2345@x>")).response(407, "Authenticate");
  story.time(10.1).caller("REFER", refer_to("<sip:2345@x>")).response(202, "Accepted");
  story.time(12).callee("NOTIFY", progress("SIP/2.0 200 OK")).finish();
  CHECK(only_refer(story).at == SipStory::at(10));
  CHECK(only_refer(story).status == 200);
}

TEST_CASE("of several transfers the NOTIFY's id tells which it speaks of") {
  SipStory story;
  talk(story);
  story.caller("REFER", refer_to("<sip:2345@x>", 20)).response(202, "Accepted");
  story.caller("REFER", refer_to("<sip:2346@x>", 21)).response(202, "Accepted");
  story.time(5).callee("NOTIFY", progress("SIP/2.0 200 OK", "refer;id=21"));
  story.time(6).callee("NOTIFY", progress("SIP/2.0 404 Not Found", "refer ; id=20"));
  story.finish();
  REQUIRE(story.call().links.refers.size() == 2);
  CHECK(story.call().links.refers[0].status == 404);
  CHECK(story.call().links.refers[1].status == 200);
  CHECK(story.call().links.refers[1].done == SipStory::at(5));
}

TEST_CASE("a NOTIFY without id, and two transfers open, tells of neither") {
  SipStory story;
  talk(story);
  story.caller("REFER", refer_to("<sip:2345@x>")).response(202, "Accepted");
  story.caller("REFER", refer_to("<sip:2346@x>")).response(202, "Accepted");
  story.callee("NOTIFY", progress("SIP/2.0 200 OK")).finish();
  REQUIRE(story.call().links.refers.size() == 2);
  CHECK(story.call().links.refers[0].status == 0);
  CHECK(story.call().links.refers[1].status == 0);
}

TEST_CASE("a NOTIFY without id tells of the transfer that is still open") {
  SipStory story;
  talk(story);
  story.caller("REFER", refer_to("<sip:2345@x>")).response(202, "Accepted");
  story.callee("NOTIFY", progress("SIP/2.0 486 Busy Here"));
  story.caller("REFER", refer_to("<sip:2346@x>")).response(202, "Accepted");
  story.callee("NOTIFY", progress("SIP/2.0 200 OK")).finish();
  REQUIRE(story.call().links.refers.size() == 2);
  CHECK(story.call().links.refers[0].status == 486);
  CHECK(story.call().links.refers[1].status == 200);
}

TEST_CASE("who asked, other event packages and bodies that say nothing do not tell an outcome") {
  SipStory story;
  talk(story).caller("REFER", refer_to("<sip:2345@x>")).response(202, "Accepted");
  story.caller("NOTIFY", progress("SIP/2.0 200 OK"));  // of the one who asked
  story.callee("NOTIFY", progress("SIP/2.0 200 OK", "dialog"));
  story.callee("NOTIFY", progress("HTTP/1.1 200 OK"));
  story.callee("NOTIFY", progress("SIP/2.0 999 Beyond"));
  story.finish();
  CHECK(only_refer(story).status == 0);
}

TEST_CASE("a transfer seen on two hops is one, and so is its outcome") {
  SipStory story;
  Said first = refer_to("<sip:2345@x>");
  Said second = first;
  second.hop = 2;
  talk(story).time(10).caller("REFER", first).time(10.1).caller("REFER", second);
  story.response(202, "Accepted", {.hop = 2}).response(202, "Accepted");
  story.time(12).callee("NOTIFY", progress("SIP/2.0 200 OK")).finish();
  CHECK(only_refer(story).at == SipStory::at(10));
}

TEST_CASE("who transfers hangs up at once, and is told the outcome after its BYE") {
  SipStory story;
  talk(story).time(10).callee("REFER", refer_to("<sip:2345@x>")).response(202, "Accepted");
  story.callee("BYE").response(200, "OK").advance(25);
  CHECK(story.finished.empty());
  story.caller("NOTIFY", progress("SIP/2.0 200 OK", "refer", "terminated")).advance(27);
  CHECK(story.call().end == SipStory::at(10));
  CHECK(only_refer(story).status == 200);
  CHECK(only_refer(story).done == SipStory::at(25));
}

TEST_CASE("a leg whose transfer is never told an outcome does not wait for ever") {
  SipStory story;
  talk(story).time(10).callee("REFER", refer_to("<sip:2345@x>")).response(202, "Accepted");
  story.callee("BYE").response(200, "OK").advance(42);
  CHECK(story.finished.empty());
  story.advance(44);
  CHECK(story.finished.size() == 1);
}

TEST_CASE("where no NOTIFY will come none is waited for") {
  for (const std::string refer_sub : {"true", "false"}) {
    SipStory story;
    talk(story).time(10).callee("REFER", refer_to("<sip:2345@x>"));
    story.response(200, "OK", {.headers = "Refer-Sub: " + refer_sub + "\r\n"});
    if (refer_sub == "true") {
      story.caller("NOTIFY", progress("SIP/2.0 100 Trying", "refer", "terminated;reason=timeout"));
    }
    story.callee("BYE").response(200, "OK").advance(12);
    CHECK(only_refer(story).status == (refer_sub == "true" ? 100 : 0));
  }
}

TEST_CASE("a conference that is asked to remove somebody is asked to call nobody") {
  SipStory story;
  talk(story).caller("REFER", refer_to("<sip:2345@x;method=BYE>"));
  story.caller("REFER", refer_to("<sip:2346@x;method=INVITE>")).finish();
  CHECK(only_refer(story).target.user == "2346");
}

TEST_CASE("a conference gathers its members by REFER: each is one entry") {
  SipStory story;
  talk(story);
  for (const char* const member : {"<sip:2345@x>", "<sip:2346@x>", "<sip:2347@x>"}) {
    story.caller("REFER", refer_to(member)).response(202, "Accepted");
  }
  story.finish();
  CHECK(story.call().links.refers.size() == 3);
}

TEST_CASE("a REFER without a target that can be read asks nobody") {
  SipStory story;
  talk(story).caller("REFER", {.in_dialog = true}).caller("REFER", refer_to("<sip:2345@x"));
  story.finish();
  CHECK(story.call().links.refers.empty());
}

TEST_CASE("REFER and NOTIFY outside of any INVITE's dialog are no leg's") {
  SipStory story;
  talk(story);
  story.caller("REFER", {.call_id = "other", .headers = "Refer-To: <sip:2345@x>\r\n"});
  CHECK_FALSE(story.last_leg);
  story.callee("NOTIFY", {.call_id = "other", .headers = "Event: refer\r\n"});
  CHECK_FALSE(story.last_leg);
  story.finish();
  CHECK(story.stats().outside_legs == 2);
  CHECK(story.call().links.refers.empty());
}

TEST_CASE("transfers of one leg are bounded") {
  SipStory story;
  talk(story);
  for (int i = 0; i < 40; ++i) {
    story.caller("REFER", refer_to("<sip:" + std::to_string(i) + "@x>"));
  }
  story.finish();
  CHECK(story.call().links.refers.size() == 16);
  CHECK(story.stats().leg_entries_refused == 24);
}

TEST_CASE("a transfer by a PBX that only re-INVITEs is one leg whose media moves") {
  SipStory story;
  talk(story).time(10).callee("INVITE", {.body = sdp("192.0.2.5", 6000, "a=sendonly\r\n")});
  story.response(200, "OK", {.body = sdp("192.0.2.11", 4000, "a=recvonly\r\n")});
  story.time(20).callee("INVITE", {.body = sdp("192.0.2.45", 7000)});
  story.response(200, "OK", {.body = sdp("192.0.2.11", 4000)});
  story.time(60).callee("BYE").finish();
  CHECK(story.stats().legs == 1);
  CHECK(story.call().end == SipStory::at(60));
  CHECK(story.call().links.refers.empty());
  REQUIRE(story.call().holds.size() == 1);
  CHECK(story.call().holds[0].from == SipStory::at(10));
  CHECK(story.call().holds[0].to == SipStory::at(20));
  std::vector<std::string> places;
  for (const NegotiatedMedia& media : story.call().media) {
    if (media.side == Side::kCallee) places.push_back(media.endpoint.to_string());
  }
  CHECK(places == std::vector<std::string>{"192.0.2.12:5000", "192.0.2.5:6000", "192.0.2.45:7000"});
}

}  // namespace koegura::capture::test
