#include "media_join.h"

#include <algorithm>

namespace koegura::capture {

void MediaJoin::claim(LegId leg, const NegotiatedMedia& media) {
  Leg& state = legs_[leg];
  state.released.reset();  // a leg that a failed INVITE had ended may come back
  std::vector<Claim>& claims = claims_[media.endpoint];
  const auto same = std::find_if(claims.begin(), claims.end(), [&](const Claim& claim) {
    return claim.leg == leg && claim.side == media.side;
  });
  if (same != claims.end()) {
    same->released = false;
    same->candidate = same->candidate && media.candidate;
    // A re-INVITE from audio to image keeps the port (T.38 Annex D); a bundle has audio and video
    // at one.
    const bool bundled = same->since == media.since && same->kind == MediaKind::kAudio &&
                         media.kind == MediaKind::kVideo;
    if (!bundled) same->kind = media.kind;
    same->since = media.since;
    same->may_be_sealed = same->may_be_sealed || media.may_be_sealed();
  } else if (claims.size() < kMaxClaims) {
    claims.push_back({.leg = leg,
                      .side = media.side,
                      .kind = media.kind,
                      .since = media.since,
                      .candidate = media.candidate,
                      .may_be_sealed = media.may_be_sealed()});
    state.endpoints.push_back(media.endpoint);
  } else {
    ++refused_entries_;
    return;
  }
  if (media.rtcp == media.endpoint) return;
  const auto [entry, is_new] = rtcp_.try_emplace(media.rtcp, leg);
  if (!media.candidate) entry->second = leg;
  std::vector<Endpoint>& named = state.rtcp_endpoints;
  if (std::find(named.begin(), named.end(), media.rtcp) == named.end()) named.push_back(media.rtcp);
}

void MediaJoin::release(LegId leg, Timestamp at) {
  const auto found = legs_.find(leg);
  if (found == legs_.end()) return;
  found->second.released = at;
  for (const Endpoint& endpoint : found->second.endpoints) {
    for (Claim& claim : claims_[endpoint]) claim.released |= claim.leg == leg;
  }
}

std::vector<std::pair<HeardStream*, StreamOwner>> MediaJoin::forget(LegId leg) {
  std::vector<std::pair<HeardStream*, StreamOwner>> streams;
  const auto found = legs_.find(leg);
  if (found == legs_.end()) return streams;
  for (const Endpoint& endpoint : found->second.endpoints) {
    const auto claims = claims_.find(endpoint);
    if (claims == claims_.end()) continue;
    std::erase_if(claims->second, [&](const Claim& claim) { return claim.leg == leg; });
    if (claims->second.empty()) claims_.erase(claims);
  }
  for (const Endpoint& endpoint : found->second.rtcp_endpoints) {
    const auto owner = rtcp_.find(endpoint);
    if (owner != rtcp_.end() && owner->second == leg) rtcp_.erase(owner);
  }
  for (HeardStream* stream : found->second.streams) {
    const auto owner =
        std::find_if(stream->owners.begin(), stream->owners.end(),
                     [&](const StreamOwner& candidate) { return candidate.leg == leg; });
    streams.emplace_back(stream, *owner);
    stream->owners.erase(owner);
  }
  legs_.erase(found);
  return streams;
}

void MediaJoin::forget(const HeardStream& stream) {
  for (const StreamOwner& owner : stream.owners) {
    const auto leg = legs_.find(owner.leg);
    if (leg != legs_.end()) std::erase(leg->second.streams, &stream);
  }
}

std::vector<Endpoint> MediaJoin::endpoints_of(LegId leg) const {
  const auto found = legs_.find(leg);
  return found == legs_.end() ? std::vector<Endpoint>{} : found->second.endpoints;
}

const std::vector<HeardStream*>& MediaJoin::streams_of(LegId leg) const {
  static const std::vector<HeardStream*> kNone;
  const auto found = legs_.find(leg);
  return found == legs_.end() ? kNone : found->second.streams;
}

bool MediaJoin::expects(const StreamKey& key) const {
  return claims_.contains(key.destination) || !open_claims(key.source).empty();
}

bool MediaJoin::may_be_sealed(const StreamKey& key) const {
  for (const Endpoint& endpoint : {key.destination, key.source}) {
    const auto found = claims_.find(endpoint);
    if (found == claims_.end()) continue;
    return std::any_of(found->second.begin(), found->second.end(),
                       [](const Claim& claim) { return claim.may_be_sealed; });
  }
  return false;
}

bool MediaJoin::expects_t38(const Endpoint& destination) const {
  const std::vector<Claim> claims = open_claims(destination);
  return std::any_of(claims.begin(), claims.end(),
                     [](const Claim& claim) { return claim.kind == MediaKind::kImage; });
}

LegId MediaJoin::rtcp_leg(const Endpoint& source, const Endpoint& destination) const {
  for (const Endpoint& endpoint : {destination, source}) {
    if (const auto found = rtcp_.find(endpoint); found != rtcp_.end()) return found->second;
    // With rtcp-mux (RFC 5761) it comes where the RTP comes.
    if (const auto claims = open_claims(endpoint); !claims.empty()) return claims.back().leg;
  }
  return 0;
}

void MediaJoin::assign(HeardStream& stream) {
  std::vector<Claim> claims = open_claims(stream.key.destination);
  bool by_destination = !claims.empty();
  if (!by_destination) claims = open_claims(stream.key.source);
  if (claims.empty() && stream.owners.empty()) {
    // Media that starts as its call is refused (an announcement), while the leg lingers.
    if (const auto last = claims_.find(stream.key.destination); last != claims_.end()) {
      claims = {last->second.back()};
      by_destination = true;
    }
  }
  if (claims.empty()) return;
  disown_latecomer(stream);
  narrow(claims, by_destination ? stream.key.source : stream.key.destination);
  // What began as RTP stays so when its port is renegotiated for T.38.
  const MediaKind kind = claims.front().kind;
  if (stream.owners.empty() && kind != MediaKind::kImage) stream.kind = kind;
  for (const Claim& claim : claims) {
    own(stream, claim.leg, by_destination ? other(claim.side) : claim.side);
  }
}

bool MediaJoin::is_released(const HeardStream& stream) const {
  return std::all_of(stream.owners.begin(), stream.owners.end(), [&](const StreamOwner& owner) {
    const auto leg = legs_.find(owner.leg);
    return leg == legs_.end() || (leg->second.released && stream.first <= *leg->second.released);
  });
}

void MediaJoin::disown_latecomer(HeardStream& stream) {
  std::erase_if(stream.owners, [&](const StreamOwner& owner) {
    Leg& leg = legs_.at(owner.leg);
    const bool late = leg.released && stream.first > *leg.released;
    if (late) std::erase(leg.streams, &stream);
    return late;
  });
}

std::vector<MediaJoin::Claim> MediaJoin::open_claims(const Endpoint& endpoint) const {
  std::vector<Claim> open;
  const auto found = claims_.find(endpoint);
  if (found == claims_.end()) return open;
  std::copy_if(found->second.begin(), found->second.end(), std::back_inserter(open),
               [](const Claim& claim) { return !claim.released; });
  const auto is_candidate = [](const Claim& claim) { return claim.candidate; };
  if (!std::all_of(open.begin(), open.end(), is_candidate)) std::erase_if(open, is_candidate);
  return open;
}

bool MediaJoin::has_claim(LegId leg, const Endpoint& endpoint) const {
  const auto& endpoints = legs_.at(leg).endpoints;
  return std::find(endpoints.begin(), endpoints.end(), endpoint) != endpoints.end();
}

bool MediaJoin::has_claim_at_address(LegId leg, const IpAddress& address) const {
  const auto& endpoints = legs_.at(leg).endpoints;
  return std::any_of(endpoints.begin(), endpoints.end(),
                     [&](const Endpoint& endpoint) { return endpoint.address == address; });
}

// Several legs claim one endpoint: those whose other end is the stream's own; failing that, whose
// other end is at the same address; failing that, the latest.
void MediaJoin::narrow(std::vector<Claim>& claims, const Endpoint& peer) const {
  if (claims.size() == 1) return;
  const auto keep_if = [&](auto&& matches) {
    std::vector<Claim> kept;
    std::copy_if(claims.begin(), claims.end(), std::back_inserter(kept), matches);
    if (!kept.empty()) claims = std::move(kept);
    return claims.size();
  };
  const std::size_t all = claims.size();
  if (keep_if([&](const Claim& claim) { return has_claim(claim.leg, peer); }) < all) return;
  if (has_claim(claims.front().leg, peer)) return;  // all of them match: direct media
  if (keep_if([&](const Claim& c) { return has_claim_at_address(c.leg, peer.address); }) < all) {
    return;
  }
  claims = {claims.back()};
}

void MediaJoin::own(HeardStream& stream, LegId leg, Side voice) {
  const bool owned = std::any_of(stream.owners.begin(), stream.owners.end(),
                                 [&](const StreamOwner& owner) { return owner.leg == leg; });
  if (owned) return;
  std::vector<HeardStream*>& streams = legs_[leg].streams;
  if (streams.size() >= kMaxStreams) {
    ++refused_entries_;
    return;
  }
  stream.owners.push_back({.leg = leg, .side = voice});
  streams.push_back(&stream);
}

}  // namespace koegura::capture
