// Ties: what two legs have in common, and what of it says that they are one conversation.
//
// A relation is a pure function of the two legs. Some of it stands by itself (`is_firm`); of the
// rest it depends on the other legs whether it stands, and verdict.h decides that.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "leg_evidence.h"
#include "payload_match.h"

namespace koegura::store {

enum class TieKind : std::uint8_t {  // the strongest first
  kSessionId,
  kReplaces,
  kRefer,
  kSameMedia,
  kPayload,
  kElsewhere,
  kLevel,
};
[[nodiscard]] std::string_view name_of(TieKind kind);  // as record.proto has it

// Legs follow one another within this: a transfer, a call forwarded.
inline constexpr Duration kSoon = std::chrono::seconds(32);
// Legs of one conversation are archived within this of each other, however long they were.
inline constexpr Duration kFarApart = std::chrono::hours(12);
// Of one call that a box hands on: the INVITEs, the answers and the ends come so close together.
inline constexpr Duration kSameMoment = std::chrono::seconds(3);
inline constexpr Duration kForkedWithin = std::chrono::seconds(4);

// One leg's REFER may have brought the other about.
struct Referral {
  Timestamp at;        // of the REFER
  bool named = false;  // the other's INVITE has Referred-By with the name of who asked
};

// REQUIRES of all that follows: a.id < b.id where a Relation is made of them.
struct Relation {
  bool session_id = false;
  bool replaces = false;
  bool dialog_referred = false;  // a REFER with Replaces in one names the other
  bool same_media = false;
  PayloadMatch payload;
  double likeness = 0;           // of their levels
  bool likeness_counts = false;  // enough for a tie, if no third leg is alike
  bool is_alike = false;         // they sound alike, even if that tells nothing
  std::optional<Referral> a_referred_b;
  std::optional<Referral> b_referred_a;
  bool a_lost_to_b = false;  // a was released elsewhere, where b may have been answered
  bool b_lost_to_a = false;

  [[nodiscard]] bool is_any() const;
  [[nodiscard]] std::optional<TieKind> firm() const;
  // Audio alone, for which third legs have to be heard.
  [[nodiscard]] std::optional<TieKind> conditional() const;
};

// What the other legs say of the two's evidence.
struct Voids {
  IsCommon is_common;                                   // a payload
  std::function<bool(const std::string&)> is_worn_out;  // a session id that too many legs have
};

// All but the likeness of their levels, which costs more.
[[nodiscard]] Relation relation_between(const LegEvidence& a, const LegEvidence& b,
                                        const Voids& voids);
// Adds that, where the payloads say nothing.
void add_likeness(Relation& relation, const LegEvidence& a, const LegEvidence& b);

// Time that both have; negative: that lies between them.
[[nodiscard]] Duration overlap(const LegEvidence& a, const LegEvidence& b);

// A leg that carries the name of this dialog.
[[nodiscard]] bool is_dialog_of(const capture::DialogId& dialog, const LegEvidence& leg);

}  // namespace koegura::store
