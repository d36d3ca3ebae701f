// Registrations: which way a call went, as those who register tell.

#include "registrations.h"

#include "signalling_story.h"

namespace koegura::capture::test {
namespace {

Endpoint at(const std::string& address, std::uint16_t port = 5060) {
  return {IpAddress::parse(address).value(), port};
}

const Endpoint kPhone = at("192.0.2.21");
const Endpoint kPhone2 = at("192.0.2.22");
const Endpoint kPbx = at("192.0.2.5");
const Endpoint kCarrier = at("198.51.100.1");
const Endpoint kNobody = at("203.0.113.9");

// The response of a registrar to who registered `user`.
void registers(Registrations& registrations, const std::string& user, const Endpoint& registrant,
               const Endpoint& registrar, int status = 200,
               const std::string& method = "REGISTER") {
  const std::string text = "SIP/2.0 " + std::to_string(status) +
                           " x\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:" + user +
                           "@x>;tag=1\r\nTo: <sip:" + user + "@x>;tag=2\r\nCall-ID: r\r\nCSeq: 1 " +
                           method + "\r\nContent-Length: 0\r\n\r\n";
  const auto message = parse_sip(std::as_bytes(std::span(text)));
  REQUIRE(message);
  registrations.on_response(registrar, registrant, *message);
}

CallDirection direction(const Registrations& registrations, const std::string& caller,
                        const Endpoint& caller_hop, const std::string& callee,
                        const Endpoint& callee_hop) {
  FinishedCall call;
  call.caller.user = caller;
  call.callee.user = callee;
  call.caller_hop = caller_hop;
  call.callee_hop = callee_hop;
  return registrations.direction_of(call);
}

constexpr const char* kTown = "0312345678";
constexpr const char* kCitizen = "09012345678";

}  // namespace

TEST_CASE("telephones that register with the PBX are inside, and whoever else is outside") {
  Registrations known;
  registers(known, "2301", kPhone, kPbx);
  registers(known, "2302", kPhone2, kPbx);
  const auto of = [&](const char* caller, const Endpoint& from, const char* callee,
                      const Endpoint& to) { return direction(known, caller, from, callee, to); };
  CHECK(of(kCitizen, kPbx, "2301", kPhone) == CallDirection::kIn);
  CHECK(of("2302", kPbx, "2301", kPhone) == CallDirection::kInternal);
  CHECK(of("2301", kPhone, kCitizen, kPbx) == CallDirection::kOut);
  CHECK(of("2301", kPhone, "2302", kPbx) == CallDirection::kInternal);
  CHECK(of(kCitizen, kCarrier, kTown, kPbx) == CallDirection::kIn);
  CHECK(of(kTown, kPbx, kCitizen, kCarrier) == CallDirection::kOut);
  CHECK(of("anonymous", kPbx, "2301", kPhone) == CallDirection::kIn);
  CHECK(of(kTown, kNobody, kCitizen, kCarrier) == CallDirection::kUnknown);
}

TEST_CASE("a PBX that registers with its carrier and is a registrar itself is both") {
  Registrations known;
  registers(known, kTown, kPbx, kCarrier);
  registers(known, "2301", kPhone, kPbx);
  const auto of = [&](const char* caller, const Endpoint& from, const char* callee,
                      const Endpoint& to) { return direction(known, caller, from, callee, to); };
  CHECK(of(kCitizen, kCarrier, kTown, kPbx) == CallDirection::kIn);
  CHECK(of(kTown, kPbx, kCitizen, kCarrier) == CallDirection::kOut);
  CHECK(of(kCitizen, kPbx, "2301", kPhone) == CallDirection::kIn);
  CHECK(of("2301", kPhone, kCitizen, kPbx) == CallDirection::kOut);
}

TEST_CASE("where the hops tell nothing the users do") {
  Registrations known;
  registers(known, "2301", kPhone, kPbx);
  registers(known, "2302", kPhone2, kPbx);
  CHECK(direction(known, "2301", kPhone, "2302", kPhone2) == CallDirection::kInternal);
  CHECK(direction(known, kCitizen, kNobody, "2302", kNobody) == CallDirection::kIn);
  CHECK(direction(known, "2301", kNobody, kCitizen, kNobody) == CallDirection::kOut);
  CHECK(direction(known, kCitizen, {}, kTown, {}) == CallDirection::kUnknown);
}

TEST_CASE("registrar and registrants on one address are told by their ports") {
  Registrations known;
  registers(known, "2301", at("127.0.0.1", 6001), at("127.0.0.1", 5060));
  const auto of = [&](const char* caller, std::uint16_t from, const char* callee,
                      std::uint16_t to) {
    return direction(known, caller, at("127.0.0.1", from), callee, at("127.0.0.1", to));
  };
  CHECK(of(kCitizen, 5060, "2301", 6001) == CallDirection::kIn);
  CHECK(of("2301", 6001, kCitizen, 5060) == CallDirection::kOut);
  CHECK(of(kCitizen, 7000, kTown, 5060) == CallDirection::kIn);
}

TEST_CASE("the port of a telephone elsewhere does not matter: calls may come from another one") {
  Registrations known;
  registers(known, "2301", at("192.0.2.21", 50123), kPbx);
  CHECK(direction(known, "2301", at("192.0.2.21", 5060), kCitizen, kPbx) == CallDirection::kOut);
}

TEST_CASE("only a 2xx to REGISTER registers anybody") {
  Registrations known;
  registers(known, "2301", kPhone, kPbx, 401);
  registers(known, "2301", kPhone, kPbx, 100);
  registers(known, "2301", kPhone, kPbx, 200, "SUBSCRIBE");
  CHECK(direction(known, "2301", kPhone, kCitizen, kPbx) == CallDirection::kUnknown);
}

TEST_CASE("of too many the one that was not renewed for the longest is forgotten") {
  Registrations known(3);
  for (const char* const user : {"1", "2", "3", "1", "4"}) registers(known, user, kPhone, kPbx);
  const auto is_known = [&](const char* user) {
    return direction(known, user, {}, "x", {}) == CallDirection::kOut;
  };
  CHECK(is_known("1"));
  CHECK_FALSE(is_known("2"));
  CHECK(is_known("3"));
  CHECK(is_known("4"));
}

TEST_CASE("REGISTERs belong to no leg, and a call's direction is known at its end") {
  SipStory story;
  story.caller("INVITE", {.from = "<sip:09012345678@x>", .to = "<sip:2302@x>"});
  story.response(200, "OK");
  // The callee's telephone registers while they talk.
  story.callee("REGISTER", {.hop = 2, .call_id = "r", .from = "<sip:2302@x>"});
  CHECK_FALSE(story.last_leg);
  story.response(200, "OK", {.hop = 2, .call_id = "r", .from = "<sip:2302@x>"});
  CHECK(story.stats().outside_legs == 2);
  story.callee("BYE").advance(5);
  CHECK(story.call().caller_hop == at("192.0.2.1"));
  CHECK(story.call().callee_hop == at("192.0.2.5"));
  CHECK(story.call().direction == CallDirection::kIn);
}

TEST_CASE("who answered is whose registered contact the answer names") {
  SipStory story;
  const auto registered = [&](const std::string& user, const std::string& contacts) {
    const std::string from = "\"Water\" <sip:" + user + "@x>";
    const Said request{.hop = 2, .call_id = user, .from = from, .to = from};
    story.callee("REGISTER", request);
    Said response = request;
    response.headers = "Contact: " + contacts + "\r\n";
    story.response(200, "OK", response);
  };
  registered("2301", "<sip:2301-0x5651@192.0.2.21:5060>;expires=600");
  registered("2302",
             "<sip:old@192.0.2.29>, <sip:2302-0x55f5@192.0.2.22:5060;transport=udp>;expires=600");
  const auto answered_with = [&](const std::string& headers) {
    SipStory& on = story;
    on.caller("INVITE", {.to = "<sip:2300@x>"});
    on.response(200, "OK", {.to = "<sip:2300@x>", .headers = headers});
    on.finish();
    return on.call().answered_by;
  };
  SUBCASE("a random word") {
    const Identity who = answered_with("Contact: <sip:2302-0x55f5@192.0.2.22:5060>\r\n");
    CHECK(who.uri == "sip:2302@x");
    CHECK(who.display_name == "Water");
  }
  SUBCASE("the callee is who answered where nobody registered that contact") {
    CHECK(answered_with("Contact: <sip:2302-0x55f5@192.0.2.23:5060>\r\n").user == "2300");
  }
  SUBCASE("an asserted identity knows better") {
    CHECK(answered_with("Contact: <sip:2302-0x55f5@192.0.2.22:5060>\r\n"
                        "P-Asserted-Identity: <sip:2309@x>\r\n")
              .user == "2309");
  }
}

TEST_CASE("a telephone whose registration ends is still ours") {
  SipStory story;
  const Said phone{.call_id = "r", .to = "<sip:2301@x>", .headers = "Expires: 0\r\n"};
  story.caller("REGISTER", phone).response(200, "OK", phone).advance(4000);
  story.caller("INVITE", {.from = "<sip:2301@x>", .to = "<sip:09012345678@x>"}).finish();
  CHECK(story.call().direction == CallDirection::kOut);
}

TEST_CASE("where the INVITE was not seen its response tells between whom it went") {
  SipStory story;
  story.response(200, "OK", {.cseq = 1, .method = "INVITE"}).finish();
  CHECK(story.call().caller_hop == at("192.0.2.1"));
  CHECK(story.call().callee_hop == at("192.0.2.5"));
  SipStory other;
  other.callee("INVITE", {.body = sdp("192.0.2.12", 5000)}).finish();
  CHECK(other.call().caller_hop == Endpoint{});
}

}  // namespace koegura::capture::test
