#include "ladder.h"

#include <doctest/doctest.h>

#include <clocale>

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

}  // namespace
}  // namespace koegura::tools
