// CallPlan: everything that one call will do, decided before its first packet: who, when, where,
// and what each side's stream carries. A function of the options, the call's number and its start:
// generate(), the truth file and KnownAudio all read the same plan.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/address.h"
#include "capture/finished_call.h"
#include "codec.h"
#include "srtp_plan.h"
#include "traffic/traffic.h"

namespace koegura::traffic {

using capture::Endpoint;
using capture::Side;

inline constexpr std::size_t index_of(Side side) {
  return static_cast<std::size_t>(side);
}
inline constexpr std::array<Side, 2> kSides = {Side::kCaller, Side::kCallee};

// Packets in a row of one kind. Between segments the sender is silent.
struct StreamSegment {
  enum class Kind : std::uint8_t { kAudio, kEvent };
  Kind kind = Kind::kAudio;
  char digit = 0;          // kEvent
  std::uint8_t sound = 0;  // kAudio: which of the call's sounds
  std::uint32_t tick = 0;  // of the stream; a tick is one packet time
  std::uint32_t ticks = 0;
  std::uint64_t place_ms = 0;  // kAudio: where in the sound it begins
};

struct StreamPlan {
  Side side = Side::kCaller;
  Endpoint source;
  Endpoint destination;
  const Codec* codec = nullptr;
  std::uint32_t ssrc = 0;
  std::uint32_t first_timestamp = 0;
  std::uint16_t first_sequence = 0;
  Timestamp start;     // when tick 0 is sent
  double tick_ns = 0;  // packet time on this side's clock
  std::uint32_t ticks = 0;
  std::vector<PlannedKey> keys;         // of SRTP, in order; none: plain RTP
  std::vector<StreamSegment> segments;  // in order, the first at tick 0; the last may end early

  [[nodiscard]] Timestamp time_of(std::uint32_t tick) const;
  // The first tick that is sent at this time or after it.
  [[nodiscard]] std::uint32_t tick_at(Timestamp time) const;
  [[nodiscard]] std::uint32_t packets() const;
};

// A re-INVITE (RFC 3261 §14).
struct Reoffer {
  Timestamp offered;
  Timestamp answered;
  Timestamp acknowledged;
};

struct PlannedHold {
  Reoffer hold;
  Reoffer resume;
  bool music = true;
};

struct PressedDigit {
  char digit = 0;
  Timestamp at;
  DigitVia via = DigitVia::kEvent;
};

// What one message carries beside what every call's messages do.
struct SipExtra {
  std::string headers;   // whole lines
  std::string fragment;  // a body of message/sipfrag (RFC 3420)
};

struct CallPlan {
  std::uint32_t index = 0;
  Outcome outcome = Outcome::kAnswered;
  std::string call_id;
  std::array<std::string, 2> tags;                                                    // by side
  std::array<std::string, 2> numbers;                                                 // by side
  std::array<std::string_view, 2> domains = {"carrier.example", "cityhall.example"};  // by side
  std::array<std::string, 2> session_uuids;  // by side (RFC 7989); empty: no Session-ID
  std::array<Endpoint, 2> sip;               // by side
  std::array<Endpoint, 2> media;             // by side: where it sends from and hears

  Timestamp start;  // INVITE
  Timestamp trying;
  std::optional<Timestamp> ringing;
  std::optional<Timestamp> answered;
  Timestamp acknowledged;           // if answered
  std::optional<PlannedHold> hold;  // by the callee
  std::optional<Reoffer> rekey;     // by the caller
  SrtpPlan srtp;
  Timestamp end;     // BYE or CANCEL or final response, or the media's end
  Duration reply{};  // from the last request to its response
  Side released_by = Side::kCaller;
  bool bye = true;

  std::vector<StreamPlan> streams;   // caller's voice, callee's voice; none unless answered
  std::vector<PressedDigit> digits;  // by the caller
  std::vector<SipExtra> extras;      // those of SipLine
};

[[nodiscard]] CallPlan plan_call(const TrafficOptions& options, std::uint32_t index,
                                 Timestamp start);

// How many ticks a digit takes: its packets, and the pause behind it.
struct DigitTicks {
  std::uint32_t pressed = 0;  // until the end bit
  std::uint32_t sent = 0;     // with the two repeats of the end (RFC 4733 §2.5.1.4)
  std::uint32_t pause = 0;
};
[[nodiscard]] DigitTicks digit_ticks(std::uint32_t packet_time_ms);

// From the answer to the first digit.
inline constexpr Duration kDigitsAt = std::chrono::seconds(1);

}  // namespace koegura::traffic
