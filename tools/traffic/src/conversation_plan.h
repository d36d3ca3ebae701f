// ConversationPlan: everything that one conversation will do, decided before its first packet. As
// CallPlan, a function of the options, the conversation's number and its start.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "call_plan.h"
#include "ladder.h"
#include "traffic/traffic.h"

namespace koegura::traffic {

// What the streams of a conversation play: StreamSegment::sound.
enum class ConversationSound : std::uint8_t {
  kCitizen,         // the caller, whoever that is
  kDesk,            // who answers first
  kSecondDesk,      // whom it is transferred to
  kCitizenRecoded,  // decoded and encoded again by the PBX, for the phones' codec
  kDeskRecoded,     // … for the trunk's
  kMusic,
  kAnnouncement,
};
inline constexpr std::size_t kConversationSounds = 7;

inline constexpr std::uint32_t kMostLegs = 8;  // of a conversation

// A dialog between the PBX and one host: the far end.
struct LegPlan {
  CallPlan call;  // streams: the caller's voice and the callee's, those that are sent at all
  Side pbx = Side::kCallee;
  const Codec* codec = nullptr;
  bool joinable = true;        // as in the truth file
  std::vector<SipLine> lines;  // in order of time

  // What its messages have used up so far.
  std::array<std::uint32_t, 2> next_cseq = {1, 1};
  std::array<std::uint8_t, 2> sdp_versions{};
  std::uint8_t next_branch = 0;
};

struct ConversationPlan {
  std::uint32_t index = 0;
  ConversationKind kind = ConversationKind::kTwin;
  std::string number;         // the citizen's
  std::vector<LegPlan> legs;  // in the order in which they began
  Timestamp start;            // the first leg's
  Timestamp end;              // the last leg's

  // The voices lie on one time axis, on which they are silent first.
  Timestamp voices_from;
  Duration silent_for{};
  Duration voices_last{};
  std::size_t voices = 2;              // with the second desk's, 3
  const Codec* phone_codec = nullptr;  // the trunk's unless the PBX transcodes
  double recoded_gain = 1;             // of what the PBX transcodes
};

[[nodiscard]] ConversationPlan plan_conversation(const TrafficOptions& options, std::uint32_t index,
                                                 Timestamp start);

[[nodiscard]] std::string_view kind_name(ConversationKind kind);

}  // namespace koegura::traffic
