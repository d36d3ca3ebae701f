// Keys pressed by tones and by SIP INFO: what the capture holds, and that the truth file says so.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "traffic_story.h"

using namespace koegura;
using namespace koegura::traffic;
using namespace koegura::traffic::test;
using std::chrono::seconds;

namespace {

std::string pressed(const Struct& call, const std::string& via) {
  std::string digits;
  for (const Value& digit : list(call, "digits")) {
    if (text(digit.struct_value(), "via") == via) digits += text(digit.struct_value(), "digit");
  }
  return digits;
}

// The amplitude of one frequency, a full sine being 32,767.
double amplitude(const std::vector<std::int16_t>& samples, double hertz) {
  double re = 0;
  double im = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double turn = 2 * M_PI * hertz * static_cast<double>(i) / 8000;
    re += samples[i] * std::cos(turn);
    im += samples[i] * std::sin(turn);
  }
  return 2 * std::hypot(re, im) / static_cast<double>(samples.size());
}

TrafficOptions pressing(const std::string& digits, std::vector<DigitVia> by) {
  TrafficOptions options = short_calls(1);
  options.talk = seconds(5);
  options.digits = digits;
  options.digits_by = std::move(by);
  return options;
}

}  // namespace

TEST_CASE("tones stand in the voice's place for 100 ms, each with its two frequencies") {
  const TrafficOptions options = pressing("1D", {DigitVia::kInband});
  const Recording recording = record(options);
  CHECK(pressed(call_of(recording.truth, 0), "inband") == "1D");
  const auto audio = KnownAudio::create(options);
  REQUIRE(audio);
  // Tones are the loudest in the caller's voice: find where 1 begins by its high frequency.
  const AudioRun all = {.sample = 0, .samples = 4 * 8000};
  const std::vector<std::int16_t> heard = audio->samples(0, Side::kCaller, all);
  const auto loud = [&](std::size_t at, double hertz) {
    return amplitude({heard.begin() + static_cast<std::ptrdiff_t>(at),
                      heard.begin() + static_cast<std::ptrdiff_t>(at + 160)},
                     hertz) > 6000;
  };
  const auto ticks_with = [&](double low, double high) {
    std::vector<std::size_t> ticks;
    for (std::size_t at = 0; at + 160 <= heard.size(); at += 160) {
      if (loud(at, low) && loud(at, high)) ticks.push_back(at / 160);
    }
    return ticks;
  };
  const std::vector<std::size_t> one = ticks_with(697, 1209);
  const std::vector<std::size_t> d = ticks_with(941, 1633);
  REQUIRE(one.size() == 5);
  REQUIRE(d.size() == 5);
  CHECK(one.back() - one.front() == 4);
  CHECK(d.front() - one.front() == 12);  // a press of any kind takes as long: 7 packets, and 5
}

TEST_CASE("INFO tells a digit in its dialog, answered, with CSeqs that count up to the BYE") {
  const Recording recording = record(pressing("5#", {DigitVia::kInfo}));
  CHECK(pressed(call_of(recording.truth, 0), "info") == "5#");
  std::string digits;
  std::vector<std::uint32_t> cseqs;
  unsigned answers = 0;
  for (const ReadPacket& packet : recording.packets) {
    const auto message = capture::parse_sip(packet.bytes());
    if (!message) continue;
    const bool of_caller = message->from.tag() == text(call_of(recording.truth, 0), "from_tag");
    if (message->is_request() && of_caller && message->method != "ACK") {
      cseqs.push_back(message->cseq);
    }
    if (message->method != "INFO") continue;
    answers += message->status == 200 ? 1 : 0;
    if (!message->is_request()) continue;
    CHECK(message->content_type == "application/dtmf-relay");
    REQUIRE(message->body.starts_with("Signal="));
    digits += message->body[7];
  }
  CHECK(digits == "5#");
  CHECK(answers == 2);
  CHECK(std::is_sorted(cseqs.begin(), cseqs.end()));
  CHECK(std::adjacent_find(cseqs.begin(), cseqs.end()) == cseqs.end());
}

TEST_CASE("ways take turns, and without any there is a refusal") {
  const Recording recording =
      record(pressing("1234", {DigitVia::kEvent, DigitVia::kInband, DigitVia::kInfo}));
  const Struct& call = call_of(recording.truth, 0);
  CHECK(pressed(call, "rtp-event") == "14");
  CHECK(pressed(call, "inband") == "2");
  CHECK(pressed(call, "info") == "3");
  const auto refused = check(pressing("1", {}));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("digits") != std::string::npos);
}
