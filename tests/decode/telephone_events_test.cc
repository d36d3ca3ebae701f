// RFC 4733: digits out of events, whatever of them was lost, repeated or late.
#include "telephone_events.h"

#include <doctest/doctest.h>

#include "call_builder.h"
#include "digit_list.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

namespace {

// Packets of one stream with a clock of its own, as they come in order of sequence.
class Keypad {
 public:
  explicit Keypad(std::uint32_t clock = 8000) { meaning_.clock_rate = clock; }

  // at: of arrival. timestamp and duration in ms of the clock.
  Keypad& packet(double at, unsigned code, double timestamp_ms, double duration_ms,
                 bool marker = false) {
    const double per_ms = meaning_.clock_rate / 1000.0;
    return ticks(at, code, kFirst + static_cast<std::uint32_t>(timestamp_ms * per_ms),
                 static_cast<unsigned>(duration_ms * per_ms), marker);
  }
  Keypad& ticks(double at, unsigned code, std::uint32_t timestamp, unsigned duration,
                bool marker = false) {
    capture::test::Writer payload;
    payload.u8(code).u8(10).u16(duration);
    const Octets bytes = payload.octets();
    events_.on_packet(1, Side::kCaller,
                      {.arrival = at_ms(at),
                       .timestamp = timestamp,
                       .marker = marker,
                       .meaning = &meaning_,
                       .payload = bytes});
    return *this;
  }
  // A press of 100 ms in packets of 20 ms, its end three times.
  Keypad& press(double at, unsigned code) {
    for (int n = 1; n <= 5; ++n) packet(at + 20 * n, code, at, 20 * n, n == 1);
    return packet(at + 120, code, at, 100).packet(at + 140, code, at, 100);
  }
  [[nodiscard]] std::string digits() const {
    std::string text;
    for (const Digit& digit : events_.digits()) text += digit.digit;
    return text;
  }
  [[nodiscard]] const Digit& digit(std::size_t index) const {
    REQUIRE(events_.digits().size() > index);
    return events_.digits()[index];
  }
  [[nodiscard]] TelephoneEvents& events() { return events_; }

  static constexpr std::uint32_t kFirst = 0xFFFFF000;  // soon wraps

 private:
  PayloadMeaning meaning_;
  TelephoneEvents events_{at_ms(0)};
};

}  // namespace

TEST_CASE("a press with its repeats is one digit, at every clock") {
  for (const std::uint32_t clock : {8000U, 16000U, 48000U}) {
    CAPTURE(clock);
    Keypad keypad(clock);
    keypad.press(500, 5).press(800, 5).press(1100, 11);
    CHECK(keypad.digits() == "55#");
    CHECK(keypad.digit(0).at_s == doctest::Approx(0.5));
    CHECK(keypad.digit(1).at_s == doctest::Approx(0.8));
    CHECK(keypad.digit(0).duration_s == doctest::Approx(0.1));
    CHECK(keypad.digit(0).via == Digit::Via::kRtpEvent);
  }
}

TEST_CASE("lost ends: the last update says how long it was") {
  Keypad keypad;
  keypad.packet(520, 3, 500, 20, true).packet(540, 3, 500, 40).packet(560, 3, 500, 60);
  keypad.press(900, 4);
  CHECK(keypad.digits() == "34");
  CHECK(keypad.digit(0).duration_s == doctest::Approx(0.06));
}

TEST_CASE("one packet that is left, the end itself, is the whole press") {
  Keypad keypad;
  keypad.packet(640, 9, 500, 140);
  CHECK(keypad.digits() == "9");
  CHECK(keypad.digit(0).at_s == doctest::Approx(0.5));
  CHECK(keypad.digit(0).duration_s == doctest::Approx(0.14));
}

TEST_CASE("an end that comes behind the next press's beginning is of the one before") {
  Keypad keypad;
  keypad.packet(520, 1, 500, 20, true).packet(600, 1, 500, 100);
  keypad.packet(640, 2, 620, 20, true).packet(641, 1, 500, 100).packet(660, 2, 620, 40);
  CHECK(keypad.digits() == "12");
  CHECK(keypad.digit(1).duration_s == doctest::Approx(0.04));
}

TEST_CASE(
    "a press beyond 0xFFFF ticks goes on, also where the last packet before the turn is lost") {
  for (const std::uint32_t clock : {8000U, 16000U, 48000U}) {
    for (const bool lost : {false, true}) {
      CAPTURE(clock);
      CAPTURE(lost);
      Keypad keypad(clock);
      const double turn_s = 65535.0 / clock;
      keypad.ticks(500 + 20, 7, Keypad::kFirst, clock / 50, true);
      if (!lost) keypad.ticks(500 + turn_s * 1000, 7, Keypad::kFirst, 0xFFFF);
      const std::uint32_t second = Keypad::kFirst + 0xFFFF;
      keypad.ticks(520 + turn_s * 1000, 7, second, clock / 50);
      keypad.ticks(500 + 2 * turn_s * 1000, 7, second, 0xFFFF);
      keypad.ticks(600 + 2 * turn_s * 1000, 7, second + 0xFFFF, clock / 10);
      CHECK(keypad.digits() == "7");
      CHECK(keypad.digit(0).at_s == doctest::Approx(0.5).epsilon(0.01));
      CHECK(keypad.digit(0).duration_s == doctest::Approx(2 * turn_s + 0.1));
    }
  }
}

TEST_CASE("what is no digit, or cut off, is passed over") {
  Keypad keypad;
  keypad.packet(500, 16, 500, 100).packet(600, 36, 600, 100);  // flash, a fax's tone
  CHECK(keypad.digits().empty());
  const Octets cut(3, std::byte{5});
  PayloadMeaning meaning;
  StreamPacket packet;
  packet.meaning = &meaning;
  packet.payload = cut;
  keypad.events().on_packet(1, Side::kCaller, packet);
  CHECK(keypad.digits().empty());
}

TEST_CASE("a tone that an event or an INFO tells too is one digit, and two presses stay two") {
  capture::FinishedCall call;
  call.start = at_ms(0);
  call.digits = {{.at = at_ms(3150), .digit = '2', .side = Side::kCaller}};
  const std::vector<Digit> events = {
      {.at_s = 1.05, .digit = '1', .channel = Side::kCaller, .via = Digit::Via::kRtpEvent}};
  const auto tone = [](char digit, double from, double to) {
    return Tone{.digit = digit,
                .from = static_cast<Position>(from * 8000),
                .to = static_cast<Position>(to * 8000)};
  };
  const std::vector<Tone> caller = {tone('1', 1.0, 1.1), tone('1', 1.2, 1.3), tone('2', 3.0, 3.1),
                                    tone('3', 3.2, 3.3)};
  const std::vector<Tone> callee = {tone('1', 1.0, 1.1)};
  const std::vector<Digit> digits = digits_of(call, events, {&caller, &callee}, 8000);
  REQUIRE(digits.size() == 5);
  CHECK(digits[0].channel == Side::kCallee);  // another voice's own
  CHECK(digits[1].via == Digit::Via::kRtpEvent);
  CHECK(digits[2].via == Digit::Via::kInband);
  CHECK(digits[2].at_s == doctest::Approx(1.2));
  CHECK(digits[3].via == Digit::Via::kInfo);
  CHECK(digits[4].digit == '3');
}
