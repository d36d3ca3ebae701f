// Builds legs as the joining sees them, readable as a story: who called whom, when, and what was
// heard on each channel. A voice sounds the same in every leg that carries it.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "capture/address.h"
#include "leg_evidence.h"

namespace koegura::store {

inline constexpr Timestamp kNoon = from_unix_ns(1'795'230'000'000'000'000);

inline Timestamp after(double seconds) {
  return kNoon + std::chrono::milliseconds(std::llround(seconds * 1000));
}

inline capture::Endpoint endpoint(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  const auto address = capture::IpAddress::parse(text.substr(0, colon));
  REQUIRE(address);
  return {*address, static_cast<std::uint16_t>(std::stoi(text.substr(colon + 1)))};
}

// A sound that begins at kNoon and never ends: a payload each 20 ms, and a level each 100 ms that
// rises and falls as speech does. Silence has neither.
class Voice {
 public:
  explicit Voice(std::uint64_t seed) : seed_(seed) {}
  static Voice silence() { return Voice(0); }

  [[nodiscard]] bool is_silent() const { return seed_ == 0; }
  [[nodiscard]] std::uint32_t payload(std::int64_t index) const {
    return static_cast<std::uint32_t>(
        capture::mix(seed_ * 0x9E3779B97F4A7C15ULL, static_cast<std::uint64_t>(index)) >> 32U);
  }
  // Words of some tenths of a second, pauses between them.
  [[nodiscard]] std::uint8_t level(std::int64_t index) const {
    const std::uint64_t word = capture::mix(seed_ + 77, static_cast<std::uint64_t>(index / 7));
    if (is_silent() || word % 10 < 4) return 0;
    const std::uint64_t syllable = capture::mix(seed_ + 99, static_cast<std::uint64_t>(index));
    return static_cast<std::uint8_t>(90 + word % 60 + syllable % 50);
  }

 private:
  std::uint64_t seed_;
};

// What a stream carries, on the leg's clock.
struct Heard {
  Voice voice;
  double from_s;  // after kNoon
  double to_s;
  double lag_s = 0;  // the relay's
  bool transcoded = false;
};

class LegBuilder {
 public:
  LegBuilder(const std::string& name, double start_s, double end_s) {
    leg_.start = after(start_s);
    leg_.end = after(end_s);
    leg_.call_id = name;
    leg_.from_tag = name + "-from";
    leg_.callee_tags = {name + "-to"};
    std::array<std::uint8_t, Ulid::kTailSize> tail{};
    const std::size_t hash = std::hash<std::string>()(name);
    std::memcpy(tail.data(), &hash, sizeof hash);
    leg_.id = make_ulid(leg_.start, tail);
  }
  LegBuilder& from(const std::string& number, const std::string& address = "192.0.2.1") {
    leg_.caller = number;
    leg_.caller_address = address;
    return *this;
  }
  LegBuilder& to(const std::string& number) {
    leg_.callee = number;
    return *this;
  }
  LegBuilder& answered(double at_s) {
    leg_.answered = after(at_s);
    return *this;
  }
  LegBuilder& session(const std::string& id) {
    leg_.session_ids.push_back(id);
    return *this;
  }
  LegBuilder& replaces(const std::string& call_id, const std::string& to, const std::string& from) {
    leg_.replaces = capture::DialogId{call_id, to, from, false};
    return *this;
  }
  LegBuilder& referred_by(const std::string& number) {
    leg_.referred_by = number;
    return *this;
  }
  LegBuilder& refers(double at_s, const std::string& by, const std::string& target) {
    leg_.refers.push_back({after(at_s), by, target, {}});
    return *this;
  }
  LegBuilder& elsewhere() {
    leg_.elsewhere = true;
    return *this;
  }
  // A stream that brings this, or these one after another.
  LegBuilder& stream(Side channel, const std::string& source, const std::string& destination,
                     const std::vector<Heard>& heard) {
    LegStream& stream = leg_.streams.emplace_back();
    stream.channel = channel;
    stream.source = endpoint(source);
    stream.destination = endpoint(destination);
    stream.ssrc = static_cast<std::uint32_t>(leg_.streams.size()) + next_ssrc_;
    stream.first = after(heard.front().from_s);
    stream.last = after(heard.back().to_s);
    for (const Heard& part : heard) add_levels(channel, part);
    add_sketch(static_cast<std::uint16_t>(leg_.streams.size() - 1), heard);
    return *this;
  }
  LegEvidence build() {
    for (auto& sketch : leg_.sketches) {
      std::sort(sketch.begin(), sketch.end(), [](const auto& a, const auto& b) {
        return std::pair(a.hash, a.at_ms) < std::pair(b.hash, b.at_ms);
      });
    }
    return leg_;
  }
  operator LegEvidence() { return build(); }  // NOLINT(google-explicit-constructor)

 private:
  // The 8 smallest of each 30 s of the clock.
  void add_sketch(std::uint16_t stream, const std::vector<Heard>& heard) {
    std::map<std::int64_t, std::vector<SketchedPayload>> windows;
    for (const Heard& part : heard) {
      if (part.voice.is_silent()) continue;
      const auto first = std::llround(part.from_s * 50);
      const auto last = std::llround(part.to_s * 50);
      for (auto index = first; index < last; ++index) {
        const double at_s = static_cast<double>(index) / 50 + part.lag_s;
        const Timestamp at = after(at_s);
        if (at < leg_.start || at > leg_.end) continue;
        const std::uint32_t hash =
            part.transcoded
                ? Voice(leg_.id.bytes[15] + 1000).payload(index) ^ part.voice.payload(index)
                : part.voice.payload(index);
        const auto window = at.time_since_epoch() / std::chrono::seconds(30);
        const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(at - leg_.start);
        windows[window].push_back({hash, static_cast<std::uint32_t>(since.count()), stream});
      }
    }
    auto& sketch = leg_.sketches[leg_.streams[stream].channel == Side::kCaller ? 0 : 1];
    for (auto& [window, payloads] : windows) {
      std::sort(payloads.begin(), payloads.end(),
                [](const auto& a, const auto& b) { return a.hash < b.hash; });
      payloads.resize(std::min<std::size_t>(payloads.size(), 8));
      sketch.insert(sketch.end(), payloads.begin(), payloads.end());
    }
  }

  void add_levels(Side channel, const Heard& part) {
    std::string& levels = leg_.levels[channel == Side::kCaller ? 0 : 1];
    const std::int64_t first = leg_.start.time_since_epoch() / std::chrono::milliseconds(100);
    const std::int64_t last = leg_.end.time_since_epoch() / std::chrono::milliseconds(100);
    const std::int64_t noon = kNoon.time_since_epoch() / std::chrono::milliseconds(100);
    levels.resize(static_cast<std::size_t>(last - first), '\0');
    const auto lag = std::llround(part.lag_s * 10);
    for (auto at = std::llround(part.from_s * 10); at < std::llround(part.to_s * 10); ++at) {
      const std::int64_t place = noon + at + lag - first;
      if (place < 0 || place >= static_cast<std::int64_t>(levels.size())) continue;
      const int heard = part.voice.level(at);
      // A codec changes levels a little.
      const int noise = part.transcoded && heard > 0 ? static_cast<int>(at * 7 % 13) - 6 : 0;
      levels[static_cast<std::size_t>(place)] = static_cast<char>(heard + noise);
    }
  }

  LegEvidence leg_;
  std::uint32_t next_ssrc_ = static_cast<std::uint32_t>(leg_.id.bytes[14]) << 8U;
};

}  // namespace koegura::store
