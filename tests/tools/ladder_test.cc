#include "ladder.h"

#include <doctest/doctest.h>

#include <clocale>
#include <cmath>
#include <list>
#include <string>
#include <vector>

#include "ladder_reader.h"
#include "text_width.h"

namespace koegura::tools {
namespace {

LadderStep request(double at_s, const char* from, const char* to, const char* method) {
  LadderStep step;
  step.set_at_s(at_s);
  step.set_source(from);
  step.set_destination(to);
  step.set_method(method);
  return step;
}

LadderStep response(double at_s, const char* from, const char* to, int status, const char* reason) {
  LadderStep step = request(at_s, from, to, "INVITE");
  step.set_status(status);
  step.set_reason(reason);
  return step;
}

struct Utf8 {
  Utf8() { std::setlocale(LC_CTYPE, "C.UTF-8"); }
};

constexpr const char* kAlice = "192.0.2.1:5060";
constexpr const char* kProxy = "192.0.2.2:5060";
constexpr const char* kBob = "192.0.2.3:5060";

TEST_CASE("a request goes right and its response comes back left, between two lifelines") {
  const Utf8 locale;
  std::vector<LadderStep> steps = {request(0, kAlice, kBob, "INVITE"),
                                   response(1.5, kBob, kAlice, 200, "OK")};
  steps[0].set_sdp(true);
  const auto lines = draw_ladder(steps, 60);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == "              192.0.2.1:5060           192.0.2.3:5060");
  CHECK(lines[1] == "   0.000             │───── INVITE (SDP) ────>│");
  CHECK(lines[2] == "   1.500             │<─────── 200 OK ────────│");
}

TEST_CASE("an arrow over a third endpoint leaves the ends of its lifelines in place") {
  const Utf8 locale;
  const std::vector<LadderStep> steps = {request(0, kAlice, kProxy, "INVITE"),
                                         request(0.1, kProxy, kBob, "INVITE"),
                                         request(9, kAlice, kBob, "BYE")};
  const auto lines = draw_ladder(steps, 80);
  REQUIRE(lines.size() == 4);
  CHECK(lines[1].ends_with("────>│                      │"));
  CHECK(lines[3].find("BYE") != std::string::npos);
  CHECK(lines[3].ends_with("────>│"));
  for (const std::string& line : lines) CHECK(width_of(line) <= 80);
  CHECK(width_of(lines[1]) == width_of(lines[3]));
}

TEST_CASE("a reason in Japanese keeps the lifelines aligned, and one too long is clipped") {
  const Utf8 locale;
  const std::vector<LadderStep> steps = {
      response(0, kBob, kAlice, 486, "話し中です"),
      response(1, kBob, kAlice, 500, "a reason phrase that is far longer than any arrow can hold")};
  const auto lines = draw_ladder(steps, 60);
  REQUIRE(lines.size() == 3);
  CHECK(lines[1].find("486 話し中です") != std::string::npos);
  CHECK(width_of(lines[1]) == width_of(lines[2]));
  CHECK(lines[2].find("…") != std::string::npos);
}

TEST_CASE("a message that an endpoint sends to itself stands beside its lifeline") {
  const Utf8 locale;
  const auto lines = draw_ladder(std::vector{request(0, kAlice, kAlice, "INVITE")}, 80);
  REQUIRE(lines.size() == 2);
  CHECK(lines[1].find("│↺ INVITE") != std::string::npos);
}

TEST_CASE("more endpoints than fit make the ladder wider, never an arrow without a label") {
  const Utf8 locale;
  std::vector<std::string> names;
  for (int i = 0; i < 12; ++i) names.push_back("192.0.2." + std::to_string(i) + ":5060");
  std::vector<LadderStep> steps;
  for (std::size_t i = 0; i + 1 < names.size(); ++i) {
    steps.push_back(request(0, names[i].c_str(), names[i + 1].c_str(), "INVITE"));
  }
  for (const std::string& line : draw_ladder(steps, 20)) {
    if (line.find(':') == std::string::npos) CHECK(line.find(" INVITE ") != std::string::npos);
  }
}

TEST_CASE("a retransmission says so") {
  const Utf8 locale;
  LadderStep again = request(0.5, kAlice, kBob, "INVITE");
  again.set_retransmission(true);
  CHECK(draw_ladder(std::vector{again}, 80)[1].find("INVITE again") != std::string::npos);
}

TEST_CASE(
    "a ladder of several calls has each one's letter before its messages, and says which it is") {
  const Utf8 locale;
  std::vector<LadderStep> steps = {request(0, kAlice, kProxy, "INVITE"),
                                   request(0.1, kProxy, kBob, "INVITE")};
  steps[0].set_call("01A");
  steps[1].set_call("01B");
  const std::vector<LadderCall> calls = {
      {.id = "01A", .letter = "A", .legend = {"01A  2301 → 2302", "Call-ID a@example.jp"}},
      {.id = "01B", .letter = "B", .legend = {"01B  2301 → 2303"}}};
  const auto lines = draw_ladder(steps, calls, 80);
  REQUIRE(lines.size() == 6);
  CHECK(lines[0] == "              192.0.2.1:5060         192.0.2.2:5060         192.0.2.3:5060");
  CHECK(lines[1] == "   0.000 A           │─────── INVITE ──────>│                      │");
  CHECK(lines[2] == "   0.100 B           │                      │─────── INVITE ──────>│");
  CHECK(lines[3] == "  A  01A  2301 → 2302");
  CHECK(lines[4] == "     Call-ID a@example.jp");
  CHECK(lines[5] == "  B  01B  2301 → 2303");
}

// ---- messages of several calls --------------------------------------------------------------

// IPv4 and UDP around a SIP message; the packets own their bytes.
struct Packets {
  void add(int at_ms, std::string_view sip) {
    std::vector<std::byte> ip;
    const auto u8 = [&](unsigned value) { ip.push_back(static_cast<std::byte>(value)); };
    const auto u16 = [&](std::size_t value) {
      u8(static_cast<unsigned>(value >> 8U));
      u8(static_cast<unsigned>(value & 0xFFU));
    };
    u16(0x4500);
    u16(28 + sip.size());
    for (const unsigned word : {0U, 0U, 0x4011U, 0U, 0xC000U, 0x0201U, 0xC000U, 0x0202U}) u16(word);
    u16(5060);
    u16(5060);
    u16(8 + sip.size());
    u16(0);
    for (const char c : sip) u8(static_cast<unsigned char>(c));
    bytes.push_back(std::move(ip));
    capture::EnhancedPacket packet;
    packet.time = from_unix_ns(1'795'223'702'000'000'000) + std::chrono::milliseconds(at_ms);
    packet.packet = bytes.back();
    packets.push_back(packet);
  }

  std::list<std::vector<std::byte>> bytes;
  std::vector<capture::EnhancedPacket> packets;
};

std::string options_of(const std::string& call_id, const std::string& branch) {
  return "OPTIONS sip:b@example.jp SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK" + branch +
         "\r\nFrom: <sip:a@example.jp>;tag=1\r\nTo: <sip:b@example.jp>\r\nCall-ID: " + call_id +
         "\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
}

CallRecord call_named(const std::string& id) {
  CallRecord call;
  call.set_id("01" + id);
  call.set_call_id(id);
  return call;
}

std::string seen(const std::vector<LadderStep>& steps) {
  std::string text;
  for (const LadderStep& step : steps) {
    text += step.call() + '@' + std::to_string(std::lround(step.at_s() * 1000)) +
            (step.retransmission() ? " again; " : "; ");
  }
  return text;
}

TEST_CASE(
    "messages of several calls are merged by time, and one that two files hold is the call's own") {
  Packets first;
  first.add(0, options_of("a", "1"));
  first.add(20, options_of("a", "1"));
  first.add(30, options_of("b", "2"));  // came in one packet with a message of a
  Packets second;
  second.add(10, options_of("b", "1"));
  second.add(20, options_of("a", "1"));
  second.add(30, options_of("b", "2"));
  LadderMerge merge;
  merge.add(call_named("a"), first.packets);
  merge.add(call_named("b"), second.packets);
  CHECK(seen(merge.take()) == "01a@0; 01b@10; 01a@20 again; 01b@30; ");
}

TEST_CASE("the steps of one call have its id, and count from its first message") {
  Packets packets;
  packets.add(500, options_of("a", "1"));
  packets.add(700, options_of("a", "2"));
  CHECK(seen(read_ladder(call_named("a"), packets.packets)) == "01a@0; 01a@200; ");
}

}  // namespace
}  // namespace koegura::tools
