// redact.digits: what a call sounds like without its digits, and which packets would tell them.
#include <doctest/doctest.h>

#include "call_builder.h"
#include "dtmf_tone.h"
#include "red_builder.h"
#include "timeline_story.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

namespace {

constexpr std::size_t kMargin = 400;  // 50 ms
constexpr std::size_t kSlack = 64;

// A G.711 speaker whose voice is never silent, with tones laid over it.
class Speaker {
 public:
  explicit Speaker(double seconds) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(seconds * 8000); ++i) {
      codes_.push_back(static_cast<std::byte>(0x60U | (i * 7 % 13)));
    }
  }
  Speaker& press(char digit, std::size_t at, double ms) {
    const Samples tone = tone_samples({.digit = digit, .ms = ms});
    for (std::size_t i = 0; i < tone.size() && at + i < codes_.size(); ++i) {
      codes_[at + i] = static_cast<std::byte>(mu_law_code(tone[i]));
    }
    return *this;
  }
  void say(StreamBuilder& stream, double delay_ms = 0) const {
    for (std::size_t n = 0; n < packets(); ++n) {
      stream.rtp({.at_ms = 20.0 * static_cast<double>(n) + delay_ms,
                  .sequence = static_cast<std::uint16_t>(n),
                  .timestamp = static_cast<std::uint32_t>(n * kTicks),
                  .payload = payload(n)});
    }
  }
  // Each packet says the two before it again.
  void say_red(StreamBuilder& stream, std::uint8_t type) const {
    for (std::size_t n = 0; n < packets(); ++n) {
      std::vector<Repeated> repeated;
      for (std::size_t back = std::min<std::size_t>(n, 2); back > 0; --back) {
        const auto offset = static_cast<std::uint32_t>(back * kTicks);
        repeated.push_back({.offset = offset, .payload = payload(n - back)});
      }
      stream.rtp({.at_ms = 20.0 * static_cast<double>(n),
                  .sequence = static_cast<std::uint16_t>(n),
                  .timestamp = static_cast<std::uint32_t>(n * kTicks),
                  .payload_type = type,
                  .payload = red(repeated, payload(n))});
    }
  }

 private:
  [[nodiscard]] std::size_t packets() const { return codes_.size() / kTicks; }
  [[nodiscard]] Octets payload(std::size_t n) const {
    const auto from = codes_.begin() + static_cast<std::ptrdiff_t>(n * kTicks);
    return {from, from + kTicks};
  }

  Octets codes_;
};

// A packet of an event of 8 kHz.
Rtp event(double at_ms, std::uint16_t sequence, std::uint32_t timestamp, unsigned code,
          unsigned duration, std::uint8_t type = 101) {
  capture::test::Writer payload;
  payload.u8(code).u8(10).u16(duration);
  return {.at_ms = at_ms,
          .sequence = sequence,
          .timestamp = timestamp,
          .payload_type = type,
          .payload = payload.octets()};
}

std::vector<std::uint32_t> numbers(const RenderedStream& stream) {
  std::vector<std::uint32_t> numbers;
  for (const PacketRange& range : stream.redacted) {
    for (std::uint32_t n = range.from; n < range.to; ++n) numbers.push_back(n);
  }
  return numbers;
}

RenderedCall redacted(CallBuilder& call) {
  return call.redacting().render();
}

// Silent within, and outside, but for 8 ms, as it was said.
void check_silent(const Samples& heard, const Samples& said, std::size_t from, std::size_t to) {
  REQUIRE(heard.size() == said.size());
  CHECK(is_silence(part(heard, from, to)));
  for (std::size_t i = 0; i < heard.size(); ++i) {
    if (i < from - kSlack || i >= to + kSlack) REQUIRE(heard[i] == said[i]);
  }
}

}  // namespace

TEST_CASE("a tone is silence from 50 ms before it on, in whatever second it begins") {
  for (const std::size_t at : {std::size_t{4000}, std::size_t{7840}, std::size_t{8000 - 80},
                               std::size_t{8001}, std::size_t{15600}}) {
    CAPTURE(at);
    CallBuilder call;
    Speaker(2.5).press('5', at, 100).say(call.stream(Side::kCaller, 1));
    Speaker(2.5).say(call.stream(Side::kCallee, 2));
    const RenderedCall open = call.lasts_ms(2500).render();
    const RenderedCall closed = redacted(call);
    REQUIRE(open.digits.size() == 1);
    CHECK(open.digits[0].digit == '5');
    CHECK(open.digits[0].via == Digit::Via::kInband);
    CHECK(std::abs(open.digits[0].at_s * 8000 - static_cast<double>(at)) <= 32);
    CHECK(open.digits[0].duration_s == doctest::Approx(0.1).epsilon(0.05));
    CHECK_FALSE(open.digits_redacted);
    CHECK(open.streams[0].redacted.empty());

    REQUIRE(closed.digits.size() == 1);
    CHECK(closed.digits[0].digit == 0);
    CHECK(closed.digits_redacted);
    const Heard said = listen(open, call.folder());
    const Heard heard = listen(closed, call.folder());
    CHECK(heard.callee == said.callee);
    check_silent(heard.caller, said.caller, at - kMargin + 32, at + 800 + kMargin - 32);
    const std::vector<Span> spans = spans_of(closed, SpanKind::kRedacted);
    REQUIRE(spans.size() == 1);
    CHECK(spans[0].channel == Side::kCaller);
    CHECK(std::abs(spans[0].from_s * 8000 - static_cast<double>(at - kMargin)) <= 32);
    CHECK(closed.audio.sha256 != open.audio.sha256);
    CHECK(closed.levels[0] != open.levels[0]);
    CHECK(closed.levels[1] == open.levels[1]);
    CHECK(closed.waveform != open.waveform);
    CHECK(closed.waveform.size() == open.waveform.size());
    CHECK(closed.streams[0].lossless);
  }
}

TEST_CASE("a tone at the very end of a call is gone, however the last second is cut") {
  for (const double seconds : {2.0, 2.02, 1.98, 3.0}) {
    CAPTURE(seconds);
    CallBuilder call;
    const auto end = static_cast<std::size_t>(seconds * 8000);
    Speaker(seconds).press('9', end - 360, 45).say(call.stream(Side::kCallee));
    const RenderedCall closed = redacted(call.lasts_ms(seconds * 1000));
    REQUIRE(closed.digits.size() == 1);
    const Samples heard = listen(closed, call.folder()).callee;
    REQUIRE(heard.size() == end);
    CHECK(is_silence(part(heard, end - 360 - 300, end)));
    CHECK_FALSE(is_silence(part(heard, end - 360 - 500, end - 360 - 450)));
  }
}

TEST_CASE("of a stream that is no part of the audio, the packets within the tone are named") {
  CallBuilder call;
  Speaker speaker(3);
  speaker.press('1', 8000, 100);
  speaker.say(call.stream(Side::kCaller, 7));
  speaker.say(call.stream(Side::kCaller, 7).towards("192.0.2.9:6000"), 30);  // a second hop
  const RenderedCall closed = redacted(call.lasts_ms(3000));
  REQUIRE(closed.streams.size() == 2);
  CHECK_FALSE(closed.streams[1].lossless);
  // 1.0 to 1.1 s, and 50 ms around it: the packets of 0.94 to 1.16 s.
  CHECK(numbers(closed.streams[1]) ==
        std::vector<std::uint32_t>{47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57});
}

TEST_CASE(
    "events are named with all their repeats, late ones and copies, and their audio is gone") {
  CallBuilder call;
  call.format(Side::kCaller, format(0, "PCMU"))
      .format(Side::kCaller, format(101, "telephone-event"));
  call.call().media[0].formats.push_back(format(101, "telephone-event"));
  StreamBuilder& stream = call.stream(Side::kCaller);
  for (unsigned n = 0; n < 50; ++n) stream.rtp(packet(n, 0, 0));  // 0 to 49
  for (unsigned n = 0; n < 5; ++n) {                              // 50 to 54
    stream.rtp(event(1000 + 20.0 * n, static_cast<std::uint16_t>(50 + n), 8000, 5, 160 * (n + 1)));
  }
  stream.rtp(event(1085, 54, 8000, 5, 800));                                     // 55: a copy
  stream.rtp(event(1100, 56, 8000, 5, 800)).rtp(event(1120, 57, 8000, 5, 800));  // 56, 57
  for (unsigned n = 58; n < 600; ++n) stream.rtp(packet(n, 0, 0));
  stream.rtp(event(12100, 55, 8000, 5, 800));  // 600: eleven seconds late
  const RenderedCall closed = redacted(call.lasts_ms(12200));
  CHECK(closed.digits.size() == 1);
  const std::vector<std::uint32_t> left_out = numbers(closed.streams[0]);
  for (const std::uint32_t number : {50U, 51U, 52U, 53U, 54U, 55U, 56U, 57U, 600U}) {
    CHECK(std::count(left_out.begin(), left_out.end(), number) == 1);
  }
  CHECK(closed.streams[0].beside_audio.empty());
  const Samples heard = listen(closed, call.folder()).caller;
  CHECK(is_silence(part(heard, 8000 - kMargin, 8000 + 800 + kMargin)));
  CHECK_FALSE(is_silence(part(heard, 8000 - kMargin - 80, 8000 - kMargin)));
}

TEST_CASE("events within RED, and such as nobody described, are named, too") {
  CallBuilder call;
  call.format(Side::kCaller, format(101, "telephone-event"));
  call.call().media[0].formats = {format(0, "PCMU"), format(101, "telephone-event"),
                                  format(97, "red")};
  StreamBuilder& stream = call.stream(Side::kCaller);
  for (unsigned n = 0; n < 5; ++n) stream.rtp(packet(n, 0, 0));
  capture::test::Writer older;  // RFC 2198: an event as the older block, audio as the newest
  older.u8(0x80U | 101U).u8(0).u8(0).u8(4).u8(0).u8(5).u8(10).u16(160).zeros(160);
  stream.rtp({.at_ms = 100,
              .sequence = 5,
              .timestamp = 800,
              .payload_type = 97,
              .payload = older.octets()});
  capture::test::Writer audio;  // audio alone
  audio.u8(0).zeros(160);
  stream.rtp({.at_ms = 120,
              .sequence = 6,
              .timestamp = 960,
              .payload_type = 97,
              .payload = audio.octets()});
  stream.rtp(event(140, 7, 1120, 5, 160, 120));
  const RenderedCall closed = redacted(call.lasts_ms(1000));
  CHECK(numbers(closed.streams[0]) == std::vector<std::uint32_t>{5, 7});
}

TEST_CASE("packets that say a tone again (RED) are named with those that said it first") {
  constexpr std::uint8_t kRed = 121;
  CallBuilder call;
  call.format(Side::kCaller, format(kRed, "red", 8000, "0/0/0"));
  call.call().media.back().formats.push_back(format(0, "PCMU"));
  Speaker(2.5).press('5', 8000, 100).say_red(call.stream(Side::kCaller), kRed);
  const RenderedCall closed = redacted(call);
  REQUIRE(closed.digits.size() == 1);
  // Silent from 950 to 1150 ms: packets 47 to 57, and the two behind them.
  std::vector<std::uint32_t> expected;
  for (std::uint32_t n = 47; n <= 59; ++n) expected.push_back(n);
  CHECK(numbers(closed.streams[0]) == expected);
}

TEST_CASE("no sketch keeps a payload from around a digit") {
  CallBuilder call;
  Speaker(20).press('3', 80000, 500).say(call.stream(Side::kCaller));
  const RenderedCall closed = redacted(call.lasts_ms(20000));
  for (const SketchEntry& entry : closed.streams[0].sketch) {
    const bool near = entry.at_ms > 9900 && entry.at_ms < 11000;
    CHECK_FALSE(near);
  }
}

TEST_CASE("SIP INFO alone: the digit's time stays, its value goes") {
  CallBuilder call;
  call.call().digits = {{.at = at_ms(1500), .digit = 'A', .side = Side::kCallee}};
  const RenderedCall closed = redacted(call.lasts_ms(2000));
  REQUIRE(closed.digits.size() == 1);
  CHECK(closed.digits[0].digit == 0);
  CHECK(closed.digits[0].at_s == doctest::Approx(1.5));
  CHECK(closed.call.digits[0].digit == 'A');  // a call that cannot be archived is tried again
}
