// Conversation: the legs of one human conversation, put together: at which ends an exchange joins
// them, and who sat at the far ends.
//
// An exchange (a back-to-back user agent) ends one leg and dials others for it. Two legs that carry
// the same voices, or the same session, meet there: a joint. What ties legs stands in the records;
// which ends meet is told by the addresses between which the first INVITE went, and where those do
// not say, by the order of the legs. An end without a joint is a person's.
//
// Pure: no archive, no clock.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "capture/finished_call.h"
#include "record.pb.h"

namespace koegura::tools {

using capture::Side;

// Times closer than this are of one event, told by each of the legs that it went through.
inline constexpr double kOneMoment = 2.0;

struct Joint {
  std::size_t leg = 0;  // the other
  Side mine = Side::kCallee;
  Side its = Side::kCaller;
};

struct ConversationLeg {
  CallRecord record;
  std::string letter;  // "A", "B", … "Z", "AA"
  // Seconds since the conversation's start.
  double start_s = 0;
  double end_s = 0;
  std::optional<double> ringing_s{};
  std::optional<double> answered_s{};
  std::vector<Joint> joints{};
  std::optional<std::size_t> dialled_for{};  // the leg that an exchange dialled this one for

  [[nodiscard]] bool has_joint(Side side) const;
  [[nodiscard]] bool media_only() const { return record.state() == "media-only"; }
  // Whom the leg itself names at this end; at the callee's, who answered.
  [[nodiscard]] const Party& party(Side side) const;
};

// What ties two legs, as in Tie.by.
struct LegTie {
  std::size_t leg = 0;  // the other
  std::string by;
};

class Conversation {
 public:
  // REQUIRES: at least one leg; any order.
  explicit Conversation(std::vector<CallRecord> legs);

  [[nodiscard]] const std::vector<ConversationLeg>& legs() const { return legs_; }  // by start
  [[nodiscard]] const std::vector<LegTie>& ties(std::size_t leg) const { return ties_.at(leg); }
  // The first leg that has signalling, if one has: its caller is whose conversation it is.
  [[nodiscard]] std::size_t first() const { return first_; }

  // Who sat at the end at this moment, through exchanges; nullptr where that is an exchange alone.
  [[nodiscard]] const Party* person_at(std::size_t leg, Side side, double at_s) const;
  // The leg whose dialog this names, if it is one of these.
  [[nodiscard]] std::optional<std::size_t> leg_of(const DialogId& dialog) const;

 private:
  std::vector<ConversationLeg> legs_;
  std::vector<std::vector<LegTie>> ties_;
  std::size_t first_ = 0;
};

// The same number, or where there is none the same address.
[[nodiscard]] bool same_party(const Party& a, const Party& b);

}  // namespace koegura::tools
