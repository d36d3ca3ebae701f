#include "ties.h"

#include <algorithm>

#include "level_match.h"

namespace koegura::store {

namespace {

bool is_within(Timestamp a, Timestamp b, Duration most) {
  return a > b ? a - b <= most : b - a <= most;
}

bool share_session(const LegEvidence& a, const LegEvidence& b, const Voids& voids) {
  if (overlap(a, b) < -kSoon) return false;
  return std::any_of(a.session_ids.begin(), a.session_ids.end(), [&](const std::string& id) {
    return std::find(b.session_ids.begin(), b.session_ids.end(), id) != b.session_ids.end() &&
           !voids.is_worn_out(id);
  });
}

bool takes_over(const LegEvidence& leg, const LegEvidence& other) {
  return leg.replaces && is_dialog_of(*leg.replaces, other);
}

bool refers_to(const LegEvidence& leg, const LegEvidence& other) {
  return std::any_of(leg.refers.begin(), leg.refers.end(), [&](const SeenRefer& refer) {
    return refer.replaces && is_dialog_of(*refer.replaces, other);
  });
}

bool share_stream(const LegEvidence& a, const LegEvidence& b) {
  const auto is_same = [](const LegStream& x, const LegStream& y) {
    return x.ssrc == y.ssrc && x.source == y.source && x.destination == y.destination &&
           x.source.port != 0 && x.first <= y.last && y.first <= x.last;
  };
  return std::any_of(a.streams.begin(), a.streams.end(), [&](const LegStream& x) {
    return std::any_of(b.streams.begin(), b.streams.end(),
                       [&](const LegStream& y) { return is_same(x, y); });
  });
}

bool is_party(const std::string& number, const LegEvidence& leg) {
  return !number.empty() &&
         (number == leg.caller || number == leg.callee || number == leg.answered_by);
}

// The last REFER in `leg` by which `other` may have come about.
std::optional<Referral> referral(const LegEvidence& leg, const LegEvidence& other) {
  std::optional<Referral> last;
  for (const SeenRefer& refer : leg.refers) {
    const bool follows = other.start > refer.at && other.start - refer.at <= kSoon;
    if (!follows || refer.target.empty() || refer.target != other.callee) continue;
    const bool named = !other.referred_by.empty() && other.referred_by == refer.by;
    // One that names somebody else came from another REFER.
    const bool unnamed = other.referred_by.empty() && is_party(other.caller, leg);
    if (!named && !unnamed) continue;
    if (!last || refer.at > last->at) last = Referral{refer.at, named};
  }
  return last;
}

// `leg` rang in vain, and its CANCEL followed at once when `other` was answered: forks of one call.
bool may_have_lost_to(const LegEvidence& leg, const LegEvidence& other) {
  constexpr Duration kAtOnce = std::chrono::seconds(1);
  return leg.elsewhere && other.answered && !leg.caller.empty() && leg.caller == other.caller &&
         !leg.caller_address.empty() && leg.caller_address == other.caller_address &&
         is_within(leg.start, other.start, kAtOnce) && *other.answered <= leg.end &&
         leg.end - *other.answered <= kAtOnce;
}

bool is_near(const LegEvidence& a, const LegEvidence& b) {
  const bool answered_together =
      a.answered && b.answered && is_within(*a.answered, *b.answered, kSameMoment);
  return answered_together || is_within(a.start, b.start, kSameMoment) ||
         is_within(a.end, b.end, kSameMoment);
}

// Whether each voice comes from different boxes: one box plays the same music to many.
bool sources_differ(const LegEvidence& a, const LegEvidence& b, bool crossed) {
  return std::none_of(a.streams.begin(), a.streams.end(), [&](const LegStream& x) {
    return x.source.address.is_unspecified() ||
           std::any_of(b.streams.begin(), b.streams.end(), [&](const LegStream& y) {
             return (x.channel != y.channel) == crossed && x.source.address == y.source.address;
           });
  });
}

}  // namespace

std::string_view name_of(TieKind kind) {
  switch (kind) {
    case TieKind::kSessionId:
      return "session-id";
    case TieKind::kReplaces:
      return "replaces";
    case TieKind::kRefer:
      return "refer";
    case TieKind::kSameMedia:
      return "same-media";
    case TieKind::kPayload:
      return "payload";
    case TieKind::kElsewhere:
      return "elsewhere";
    case TieKind::kLevel:
      return "level";
  }
  return "";
}

bool Relation::is_any() const {
  return firm() || payload.kind != PayloadMatch::Kind::kNone || likeness > 0 || a_referred_b ||
         b_referred_a || a_lost_to_b || b_lost_to_a;
}

std::optional<TieKind> Relation::firm() const {
  if (session_id) return TieKind::kSessionId;
  if (replaces) return TieKind::kReplaces;
  if (dialog_referred) return TieKind::kRefer;
  if (same_media) return TieKind::kSameMedia;
  if (payload.kind == PayloadMatch::Kind::kBothWays) return TieKind::kPayload;
  return std::nullopt;
}

std::optional<TieKind> Relation::conditional() const {
  if (payload.kind == PayloadMatch::Kind::kOneWay) return TieKind::kPayload;
  if (likeness_counts) return TieKind::kLevel;
  return std::nullopt;
}

Duration overlap(const LegEvidence& a, const LegEvidence& b) {
  return std::min(a.end, b.end) - std::max(a.start, b.start);
}

bool is_dialog_of(const capture::DialogId& dialog, const LegEvidence& leg) {
  if (dialog.call_id.empty() || dialog.call_id != leg.call_id) return false;
  const auto is_callee = [&](const std::string& tag) {
    return leg.callee_tags.empty() ||
           std::find(leg.callee_tags.begin(), leg.callee_tags.end(), tag) != leg.callee_tags.end();
  };
  // Who takes over a call names its dialog as the one sees it to whom it sends the INVITE, and that
  // may be either party.
  return (dialog.from_tag == leg.from_tag && is_callee(dialog.to_tag)) ||
         (dialog.to_tag == leg.from_tag && is_callee(dialog.from_tag));
}

Relation relation_between(const LegEvidence& a, const LegEvidence& b, const Voids& voids) {
  Relation relation;
  if (!is_within(a.end, b.end, kFarApart)) return relation;
  relation.session_id = share_session(a, b, voids);
  relation.replaces = takes_over(a, b) || takes_over(b, a);
  relation.dialog_referred = refers_to(a, b) || refers_to(b, a);
  relation.same_media = share_stream(a, b);
  relation.a_referred_b = referral(a, b);
  relation.b_referred_a = referral(b, a);
  relation.a_lost_to_b = may_have_lost_to(a, b);
  relation.b_lost_to_a = may_have_lost_to(b, a);
  if (overlap(a, b) <= Duration::zero()) return relation;
  relation.payload = match_payloads(a, b, voids.is_common);
  // What one direction alone says needs something beside it.
  const bool is_supported = is_near(a, b) || relay_is_seen(a, b);
  if (relation.payload.kind == PayloadMatch::Kind::kOneWay && !is_supported) relation.payload = {};
  return relation;
}

void add_likeness(Relation& relation, const LegEvidence& a, const LegEvidence& b) {
  if (relation.payload.kind != PayloadMatch::Kind::kNone || !is_near(a, b)) return;
  const std::optional<LevelMatch> levels = match_levels(a, b);
  if (!levels) return;
  relation.likeness = levels->likeness;
  const bool tells = is_one_host(a, b) ? levels->both_ways : sources_differ(a, b, levels->crossed);
  relation.likeness_counts =
      levels->likeness >= kAlike && tells && (levels->both_ways || relay_is_seen(a, b));
}

}  // namespace koegura::store
