// Signalling: what a leg's messages say about other legs of the same conversation.

#include "signalling_story.h"

namespace koegura::capture::test {
namespace {

const std::string kAlices = "f81d4fae7dec11d0a76500a0c91e6bf6";
const std::string kBobs = "47755a9de7794ba387653f2099600ef2";
const std::string kNil(32, '0');

std::string session(const std::string& local, const std::string& remote) {
  return "Session-ID: " + local + ";remote=" + remote + "\r\n";
}

// The links of an INVITE with these header fields.
Links links_of(const std::string& headers) {
  SipStory story;
  story.caller("INVITE", {.headers = headers}).finish();
  return story.call().links;
}

TEST_CASE("both halves of a Session-ID are known, each once, and the nil UUID is none") {
  SipStory story;
  story.caller("INVITE", {.headers = session(kAlices, kNil)});
  story.response(180, "Ringing", {.headers = session(kBobs, kAlices)});
  story.response(200, "OK", {.headers = session(kBobs, kAlices)});
  story.caller("ACK", {.in_dialog = true, .headers = session(kAlices, kBobs)}).finish();
  CHECK(story.call().links.session_ids == std::vector<std::string>{kAlices, kBobs});
}

TEST_CASE("the half that a re-INVITE brings, after a transfer by the PBX, is added") {
  SipStory story;
  const std::string carols(32, 'c');
  story.caller("INVITE", {.headers = session(kAlices, kNil)});
  story.response(200, "OK", {.headers = session(kBobs, kAlices)});
  story.callee("INVITE", {.headers = session(carols, kAlices)}).finish();
  CHECK(story.call().links.session_ids == std::vector<std::string>{kAlices, kBobs, carols});
}

TEST_CASE("the Session-ID of RFC 7329 is one value, in any case of letters") {
  CHECK(links_of("Session-ID: F81D4FAE7DEC11D0A76500A0C91E6BF6\r\n").session_ids ==
        std::vector<std::string>{kAlices});
}

TEST_CASE("what is no UUID is no Session-ID") {
  CHECK(links_of("Session-ID: f81d4fae\r\n").session_ids.empty());
  CHECK(links_of("Session-ID: f81d4fae7dec11d0a76500a0c91e6bfg;remote=\r\n").session_ids.empty());
  CHECK(links_of("Session-ID: " + kNil + "\r\n").session_ids.empty());
}

TEST_CASE("an INVITE that takes over a call names its dialog") {
  const Links links =
      links_of("Replaces: 425928@bobster.example.org;to-tag=7743;from-tag=\"6472\"\r\n");
  REQUIRE(links.replaces);
  CHECK(links.replaces->call_id == "425928@bobster.example.org");
  CHECK(links.replaces->to_tag == "7743");
  CHECK(links.replaces->from_tag == "6472");
  CHECK_FALSE(links.replaces->early_only);
}

TEST_CASE("a pickup replaces a dialog that only rings") {
  const Links links = links_of("Replaces: 98732@x ; Early-Only; from-tag=r33th4x0r ;to-tag=1\r\n");
  REQUIRE(links.replaces);
  CHECK(links.replaces->call_id == "98732@x");
  CHECK(links.replaces->from_tag == "r33th4x0r");
  CHECK(links.replaces->early_only);
}

TEST_CASE("a Replaces without both tags names no dialog") {
  CHECK_FALSE(links_of("Replaces: 98732@x;to-tag=1\r\n").replaces);
  CHECK_FALSE(links_of("Replaces: ;to-tag=1;from-tag=2\r\n").replaces);
}

TEST_CASE("Referred-By tells on whose word somebody calls, in its compact form, too") {
  CHECK(links_of("Referred-By: \"Desk\" <sip:2301@pbx.example;user=phone>;cid=\"2@x\"\r\n")
            .referred_by == "sip:2301@pbx.example;user=phone");
  CHECK(links_of("b: sip:2301@pbx.example\r\n").referred_by == "sip:2301@pbx.example");
}

TEST_CASE("links stand in whichever copy of the INVITE has them") {
  SipStory story;
  story.caller("INVITE");
  story.caller("INVITE", {.hop = 2, .headers = "Replaces: x;to-tag=1;from-tag=2\r\n"}).finish();
  CHECK(story.call().links.replaces);
}

TEST_CASE("every dialog of the leg has its callee's tag, early ones too") {
  SipStory story;
  story.caller("INVITE").response(100, "Trying", {.callee_tag = "proxy", .in_dialog = true});
  story.response(180, "Ringing", {.callee_tag = "bob"});
  story.response(183, "Progress", {.callee_tag = "carol"});
  story.response(180, "Ringing", {.callee_tag = "dave"});
  story.response(200, "OK", {.callee_tag = "carol"}).finish();
  CHECK(story.call().links.callee_tags == std::vector<std::string>{"bob", "carol", "dave"});
}

TEST_CASE("a refusal opens no dialog") {
  SipStory story;
  story.caller("INVITE").response(486, "Busy Here").finish();
  CHECK(story.call().links.callee_tags.empty());
}

TEST_CASE("in the middle of a call any message tells the callee's tag") {
  SipStory story;
  story.caller("INVITE", {.in_dialog = true, .body = sdp("192.0.2.11", 4000)}).finish();
  CHECK(story.call().links.callee_tags == std::vector<std::string>{"bob"});
}

TEST_CASE("links of one leg are bounded, and what found no room is counted") {
  SipStory story;
  story.caller("INVITE");
  const std::string digits = "123456789abcdef";
  for (const char digit : digits) {
    const std::string tag(1, digit);
    story.response(180, "Ringing",
                   {.callee_tag = "t" + tag, .headers = session(std::string(32, digit), kNil)});
  }
  for (int i = 0; i < 10; ++i) {
    story.response(180, "Ringing", {.callee_tag = "more" + std::to_string(i)});
  }
  story.finish();
  CHECK(story.call().links.session_ids.size() == 8);
  CHECK(story.call().links.callee_tags.size() == 16);
  CHECK(story.stats().leg_entries_refused == (15 - 8) + (15 + 10 - 16));
}

TEST_CASE("no leg keeps more than its share of text, however long the fields are") {
  SipStory story;
  story.caller("INVITE");
  for (int i = 0; i < 16; ++i) {
    story.response(180, "Ringing", {.callee_tag = std::to_string(i) + std::string(2000, 't')});
  }
  story.finish();
  CHECK(story.call().links.callee_tags.size() == 8);
  CHECK(story.stats().leg_entries_refused == 8);
}

}  // namespace
}  // namespace koegura::capture::test
