#include "negotiation.h"

#include <algorithm>

namespace koegura::capture {
namespace {

constexpr std::size_t kMaxMedia = 256;
constexpr std::size_t kMaxCandidates = 128;  // of those
constexpr std::size_t kMaxHolds = 1024;

std::size_t index(Side side) {
  return static_cast<std::size_t>(side);
}

bool same_formats(const std::vector<MediaFormat>& a, const std::vector<MediaFormat>& b) {
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(), [](const MediaFormat& x, const MediaFormat& y) {
        return x.payload_type == y.payload_type && x.encoding == y.encoding &&
               x.clock_rate == y.clock_rate && x.channels == y.channels && x.fmtp == y.fmtp;
      });
}

// Where c= and m= were once, a candidate is no news.
bool is_no_news(const NegotiatedMedia& a, const NegotiatedMedia& b) {
  return a.kind == b.kind && a.candidate <= b.candidate && a.direction == b.direction &&
         a.encrypted == b.encrypted && a.keyed == b.keyed && a.packet_time_ms == b.packet_time_ms &&
         a.rtcp == b.rtcp && a.t38_version == b.t38_version && same_formats(a.formats, b.formats);
}

NegotiatedMedia negotiated(Timestamp now, Side side, const SdpMedia& line,
                           const Endpoint& endpoint) {
  NegotiatedMedia media;
  media.since = now;
  media.side = side;
  media.kind = line.kind;
  media.direction = line.direction;
  media.encrypted = line.encrypted();
  media.keyed = line.fingerprint || !line.crypto_lines.empty();
  media.packet_time_ms = line.packet_time_ms;
  media.t38_version = line.t38_version;
  media.endpoint = endpoint;
  media.rtcp = line.rtcp_endpoint(endpoint);
  media.formats = line.formats;
  return media;
}

NegotiatedMedia candidate_of(NegotiatedMedia media, const SdpMedia& line,
                             const Endpoint& endpoint) {
  media.candidate = true;
  media.endpoint = endpoint;
  media.rtcp = line.rtcp_of_candidate(endpoint);
  return media;
}

// What the audio says about hold. The address 0.0.0.0 is the hold of RFC 2543 (RFC 3264 §8.4).
std::optional<MediaDirection> audio_direction(const Sdp& sdp) {
  for (const SdpMedia& line : sdp.media) {
    if (line.kind != MediaKind::kAudio || line.port == 0) continue;
    const bool nowhere =
        line.connection && line.connection->is_unspecified() && !line.awaits_candidates();
    return nowhere && line.direction == MediaDirection::kSendRecv ? MediaDirection::kSendOnly
                                                                  : line.direction;
  }
  return std::nullopt;
}

bool silences_the_other(MediaDirection direction) {
  return direction == MediaDirection::kSendOnly || direction == MediaDirection::kInactive;
}

}  // namespace

void Negotiation::begin(const Exchange& exchange, bool initial) {
  if (exchange_ == exchange) return;
  exchange_ = exchange;
  initial_ = initial;
  accepted_ = false;
  offer_.reset();
  exchange_media_ = media_.size();
}

std::size_t Negotiation::describe(Timestamp now, Side side, const Sdp& sdp) {
  keys_.note(now, side, sdp);
  std::size_t added = 0;
  for (const SdpMedia& line : sdp.media) {
    if (line.kind == MediaKind::kOther || line.port == 0) continue;
    const Endpoint endpoint = line.endpoint().value_or(Endpoint{});
    const NegotiatedMedia media = negotiated(now, side, line, endpoint);
    if (!endpoint.address.is_unspecified() && announce(media)) ++added;
    for (const SdpCandidate& further : line.candidates) {
      if (further.component != 1 || further.endpoint == endpoint) continue;
      if (announce(candidate_of(media, line, further.endpoint))) ++added;
    }
  }
  const auto direction = audio_direction(sdp);
  if (!direction) return added;
  if (!offer_ || offer_->side == side) {
    if (!offer_) offer_ = Offer{side, now, *direction};
    // Offered in a 2xx (RFC 3261 §13.2.1): what carries it accepts the exchange as well.
    if (exchange_ && exchange_->side != side) apply_offer(*offer_);
  } else {
    apply_answer(now, side, *direction);
  }
  return added;
}

void Negotiation::accept(const Exchange& exchange) {
  if (exchange_ != exchange || accepted_) return;
  accepted_ = true;
  if (offer_ && offer_->side == exchange.side) apply_offer(*offer_);
}

std::size_t Negotiation::refuse(const Exchange& exchange, Timestamp now) {
  if (exchange_ != exchange || accepted_) return 0;
  exchange_.reset();
  offer_.reset();
  std::size_t added = 0;
  const std::size_t end = media_.size();
  for (std::size_t i = exchange_media_; i < end; ++i) {
    for (const std::size_t before : latest(media_[i].side, media_[i].endpoint, exchange_media_)) {
      NegotiatedMedia restored = media_[before];
      restored.since = now;
      if (announce(std::move(restored))) ++added;
    }
  }
  return added;
}

void Negotiation::close(Timestamp end) {
  set_hold(Side::kCaller, end, false);
  set_hold(Side::kCallee, end, false);
}

// A description that the endpoint had already is no news. Hops of a proxy that rewrites SDP give
// a side several endpoints; each is kept.
bool Negotiation::announce(NegotiatedMedia media) {
  const std::vector<std::size_t> known = latest(media.side, media.endpoint, media_.size());
  const bool no_news = std::any_of(known.begin(), known.end(), [&](std::size_t entry) {
    return is_no_news(media_[entry], media);
  });
  if (no_news) return false;
  if (media_.size() >= kMaxMedia || (media.candidate && candidates_ >= kMaxCandidates)) {
    ++refused_entries_;
    return false;
  }
  candidates_ += media.candidate ? 1 : 0;
  media_.push_back(std::move(media));
  return true;
}

std::vector<std::size_t> Negotiation::latest(Side side, const Endpoint& endpoint,
                                             std::size_t count) const {
  std::vector<std::size_t> entries;
  for (std::size_t i = count; i > 0; --i) {
    const NegotiatedMedia& media = media_[i - 1];
    if (media.side != side || media.endpoint != endpoint) continue;
    if (!entries.empty() && media.since != media_[entries.front()].since) break;
    entries.push_back(i - 1);
  }
  return entries;
}

void Negotiation::apply_offer(const Offer& offer) {
  if (initial_) return;
  // Who is held with `inactive` has to say `inactive` too when it refreshes the session: no second
  // hold.
  const Side peer = other(offer.side);
  const bool echo = offer.direction == MediaDirection::kInactive && hold_from_[index(peer)];
  if (!echo) set_hold(offer.side, offer.time, silences_the_other(offer.direction));
}

void Negotiation::apply_answer(Timestamp now, Side side, MediaDirection direction) {
  // Only an unrestricted offer leaves the answerer a choice (RFC 3264 §6.1).
  if (initial_ || offer_->direction != MediaDirection::kSendRecv) return;
  set_hold(side, now, silences_the_other(direction));
}

void Negotiation::set_hold(Side side, Timestamp at, bool held) {
  std::optional<Timestamp>& from = hold_from_[index(side)];
  if (held && !from) from = at;
  if (held || !from) return;
  if (holds_.size() < kMaxHolds) {
    holds_.push_back({side, *from, std::max(*from, at)});
  } else {
    ++refused_entries_;
  }
  from.reset();
}

}  // namespace koegura::capture
