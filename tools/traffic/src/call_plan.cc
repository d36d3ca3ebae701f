#include "call_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "random.h"
#include "source_audio.h"

namespace koegura::traffic {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kCall = 3;  // a purpose of Random

// Documentation addresses (RFC 5737, RFC 3849). A pair of ports serves a call; the next call takes
// the next pair, so that a port comes back only after kPortPairs * kMediaAddresses calls.
constexpr std::uint16_t kSipPort = 5060;
constexpr std::uint16_t kFirstMediaPort = 10'000;
constexpr std::uint32_t kPortPairs = 24'000;
constexpr std::uint32_t kMediaAddresses = 8;

capture::IpAddress address_of(Side side, std::uint8_t host, bool ipv6) {
  const bool caller = side == Side::kCaller;
  if (!ipv6) return capture::IpAddress::v4((caller ? 0xC0000200U : 0xC6336400U) | host);
  capture::IpAddress address{{0x20, 0x01, 0x0D, 0xB8}};
  address.bytes[5] = caller ? 1 : 2;
  address.bytes[15] = host;
  return address;
}

Endpoint sip_endpoint(Side side, bool ipv6) {
  return {address_of(side, 10, ipv6), kSipPort};
}

Endpoint media_endpoint(Side side, std::uint32_t call, bool ipv6) {
  const auto host = static_cast<std::uint8_t>(32 + call / kPortPairs % kMediaAddresses);
  const auto port = static_cast<std::uint16_t>(kFirstMediaPort + call % kPortPairs * 2);
  return {address_of(side, host, ipv6), port};
}

std::string caller_number(std::uint32_t call) {
  constexpr std::array<std::string_view, 4> kPrefixes = {"031234", "061234", "045123", "0901234"};
  return fmt::format("{}{:04}", kPrefixes[call % kPrefixes.size()], (5678 + call) % 10'000);
}

std::string callee_number(std::uint32_t call) {
  return fmt::format("23{:02}", call % 99 + 1);
}

void plan_identity(const TrafficOptions& options, Random& random, CallPlan& plan) {
  plan.call_id = fmt::format("{:016x}-{}@carrier.example", random.next(), plan.index);
  for (const Side side : kSides) {
    plan.tags[index_of(side)] = fmt::format("{:08x}", random.next() >> 32U);
    plan.sip[index_of(side)] = sip_endpoint(side, options.ipv6);
    plan.media[index_of(side)] = media_endpoint(side, plan.index, options.ipv6);
  }
  plan.numbers = {caller_number(plan.index), callee_number(plan.index)};
}

Reoffer plan_reoffer(Timestamp offered, Random& random) {
  const Timestamp answered = offered + random.between(milliseconds(5), milliseconds(20));
  return {offered, answered, answered + random.between(milliseconds(3), milliseconds(15))};
}

void plan_signalling(const TrafficOptions& options, Random& random, CallPlan& plan) {
  plan.trying = plan.start + random.between(milliseconds(3), milliseconds(15));
  const Timestamp rings = plan.trying + random.between(milliseconds(20), milliseconds(80));
  plan.end = rings;
  plan.reply = random.between(milliseconds(3), milliseconds(15));
  plan.released_by = plan.outcome == Outcome::kCancelled ? Side::kCaller : Side::kCallee;
  if (plan.outcome == Outcome::kBusy) return;
  plan.ringing = rings;
  plan.end = rings + options.ring;
  if (plan.outcome != Outcome::kAnswered) return;

  plan.answered = plan.end;
  plan.acknowledged = *plan.answered + random.between(milliseconds(5), milliseconds(25));
  plan.end = *plan.answered + options.talk;
  plan.released_by = plan.index % 2 == 0 ? Side::kCaller : Side::kCallee;
  plan.bye = options.bye;
  if (options.rekey_at > Duration::zero()) {
    plan.rekey = plan_reoffer(*plan.answered + options.rekey_at, random);
  }
  if (options.hold) {
    const Timestamp hold = *plan.answered + options.hold->at;
    plan.hold =
        PlannedHold{plan_reoffer(hold, random), plan_reoffer(hold + options.hold->duration, random),
                    options.hold->music};
  }
}

void plan_keys(const TrafficOptions& options, CallPlan& plan) {
  plan.srtp.suite = capture::find_srtp_suite(options.srtp);
  plan.srtp.tells_keys = options.srtp_tells_keys;
  const auto change = [&](Side offerer, const Reoffer& times) {
    add_keys(options.seed, plan.index, {offerer, times.acknowledged, times.answered}, plan.srtp);
  };
  change(Side::kCaller, {});
  if (plan.rekey) change(Side::kCaller, *plan.rekey);
  if (!plan.hold) return;
  change(Side::kCallee, plan.hold->hold);
  change(Side::kCallee, plan.hold->resume);
}

// Speech has its place on the call's timeline; music begins with its segment.
struct Speaking {
  const TrafficOptions& options;
  StreamPlan& stream;

  void speak(std::uint32_t from, std::uint32_t to) const {
    const auto voice = stream.side == Side::kCaller ? Voice::kCaller : Voice::kCallee;
    append(voice, from, to, std::uint64_t{from} * options.packet_time_ms);
  }
  void play(std::uint32_t from, std::uint32_t to) const { append(Voice::kMusic, from, to, 0); }
  void sound(char digit, std::uint32_t from, std::uint32_t to) const {
    append(Voice::kTones, from, to, tone_place_ms(digit));
  }

 private:
  void append(Voice voice, std::uint32_t from, std::uint32_t to, std::uint64_t place_ms) const {
    if (from >= to) return;
    stream.segments.push_back({.sound = static_cast<std::uint8_t>(voice),
                               .tick = from,
                               .ticks = to - from,
                               .place_ms = place_ms});
  }
};

// One press, and speech behind it until all kinds of them would be over.
void append_press(const Speaking& speaking, const PressedDigit& digit, std::uint32_t tick,
                  const DigitTicks& length) {
  std::uint32_t spoken_from = tick;
  switch (digit.via) {
    case DigitVia::kEvent:
      speaking.stream.segments.push_back({.kind = StreamSegment::Kind::kEvent,
                                          .digit = digit.digit,
                                          .tick = tick,
                                          .ticks = length.sent});
      spoken_from = tick + length.sent;
      break;
    case DigitVia::kInband:
      spoken_from = tick + length.pressed;
      speaking.sound(digit.digit, tick, spoken_from);
      break;
    case DigitVia::kInfo:
      break;
  }
  speaking.speak(spoken_from, tick + length.sent + length.pause);
}

// Digits take the place of speech from the tick on; gives the tick behind them.
std::uint32_t append_digits(const TrafficOptions& options, std::uint32_t tick, StreamPlan& stream,
                            std::vector<PressedDigit>& pressed) {
  const DigitTicks length = digit_ticks(options.packet_time_ms);
  for (const char digit : options.digits) {
    const DigitVia via = options.digits_by[pressed.size() % options.digits_by.size()];
    pressed.push_back({.digit = digit, .at = stream.time_of(tick), .via = via});
    append_press(Speaking{options, stream}, pressed.back(), tick, length);
    tick += length.sent + length.pause;
  }
  return tick;
}

void plan_segments(const TrafficOptions& options, CallPlan& plan, StreamPlan& stream) {
  const bool caller = stream.side == Side::kCaller;
  const Speaking speaking{options, stream};
  std::uint32_t tick = 0;
  if (caller && !options.digits.empty()) {
    tick = stream.tick_at(*plan.answered + kDigitsAt);
    speaking.speak(0, tick);
    tick = append_digits(options, tick, stream, plan.digits);
  }
  if (plan.hold) {
    const std::uint32_t held = stream.tick_at(plan.hold->hold.answered);
    const std::uint32_t resumed = stream.tick_at(plan.hold->resume.answered);
    speaking.speak(tick, held);
    if (!caller && plan.hold->music) speaking.play(held, resumed);
    tick = resumed;
  }
  speaking.speak(tick, stream.ticks);
}

StreamPlan plan_stream(const TrafficOptions& options, Side side, Random& random, CallPlan& plan) {
  StreamPlan stream;
  stream.side = side;
  stream.source = plan.media[index_of(side)];
  stream.destination = plan.media[index_of(other(side))];
  stream.codec = find_codec(options.codec);
  stream.ssrc = static_cast<std::uint32_t>(random.next());
  stream.first_timestamp = static_cast<std::uint32_t>(random.next());
  const auto sequence = static_cast<std::uint16_t>(random.next());
  stream.first_sequence = options.first_sequence.value_or(sequence);
  stream.keys = plan.srtp.keys[index_of(side)];
  // The callee sends once it has answered, the caller once it knows.
  const Timestamp ready = side == Side::kCallee ? *plan.answered : plan.acknowledged;
  stream.start = ready + random.between(milliseconds(1), milliseconds(21));
  const double error = options.clock_error_ppm[index_of(side)] * 1e-6;
  stream.tick_ns = options.packet_time_ms * 1e6 / (1 + error);
  stream.ticks = stream.tick_at(plan.end);
  plan_segments(options, plan, stream);
  return stream;
}

}  // namespace

Timestamp StreamPlan::time_of(std::uint32_t tick) const {
  return start + Duration(std::llround(tick_ns * tick));
}

std::uint32_t StreamPlan::tick_at(Timestamp time) const {
  if (time <= start) return 0;
  auto tick = static_cast<std::uint32_t>(static_cast<double>((time - start).count()) / tick_ns);
  while (time_of(tick) < time) ++tick;  // the division may have been rounded either way
  while (tick > 0 && time_of(tick - 1) >= time) --tick;
  return tick;
}

std::uint32_t StreamPlan::packets() const {
  std::uint32_t packets = 0;
  for (const StreamSegment& segment : segments) packets += segment.ticks;
  return packets;
}

CallPlan plan_call(const TrafficOptions& options, std::uint32_t index, Timestamp start) {
  Random random(options.seed, kCall, index);
  CallPlan plan;
  plan.index = index;
  plan.outcome = options.outcomes[index % options.outcomes.size()];
  plan.start = start;
  plan_identity(options, random, plan);
  plan_signalling(options, random, plan);
  plan_keys(options, plan);
  if (!plan.answered) return plan;
  for (const Side side : kSides) plan.streams.push_back(plan_stream(options, side, random, plan));
  return plan;
}

DigitTicks digit_ticks(std::uint32_t packet_time_ms) {
  constexpr std::uint32_t kDigitMs = 100;
  const std::uint32_t ticks = std::max(1U, (kDigitMs + packet_time_ms - 1) / packet_time_ms);
  return {ticks, ticks + 2, ticks};
}

}  // namespace koegura::traffic
