// MediaJoin: which stream belongs to which leg. SDP claims endpoints; a stream belongs to the leg
// that claimed its destination, for that is where SDP says audio arrives (sources lie behind NAT).
// A candidate of ICE claims less: only where no c= and m= named the endpoint.
// Only where nobody claimed the destination does a claimed source speak (symmetric RTP, RFC 4961).
//
// A stream may have several owners: a back-to-back user agent that lets media flow directly names
// the same endpoints in two legs, and each of them is a call with that audio.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "capture/finished_call.h"
#include "capture/signalling.h"
#include "heard_stream.h"

namespace koegura::capture {

class MediaJoin {
 public:
  // Of a leg. One whose other end changes its SSRC at every announcement has dozens in an hour.
  static constexpr std::size_t kMaxStreams = 1024;
  // Of legs at one endpoint: a media server may have all its calls at one port.
  static constexpr std::size_t kMaxClaims = 1024;

  // A leg's SDP: media for `media.side` arrives at media.endpoint from now on.
  void claim(LegId leg, const NegotiatedMedia& media);
  // The leg is over: a later claim by another leg takes the endpoint over.
  void release(LegId leg, Timestamp at);
  // Forgets the leg's claims and its hold on streams, and gives the streams it owned.
  std::vector<std::pair<HeardStream*, StreamOwner>> forget(LegId leg);

  // The stream is gone, whoever owned it.
  void forget(const HeardStream& stream);

  // Is the stream's destination, or failing that its source, claimed?
  [[nodiscard]] bool expects(const StreamKey& key) const;
  // Did any description of the endpoint that claims the stream offer SRTP?
  [[nodiscard]] bool may_be_sealed(const StreamKey& key) const;
  // Was this endpoint claimed for T.38?
  [[nodiscard]] bool expects_t38(const Endpoint& destination) const;
  // Where the leg said that its media arrives.
  [[nodiscard]] std::vector<Endpoint> endpoints_of(LegId leg) const;
  [[nodiscard]] const std::vector<HeardStream*>& streams_of(LegId leg) const;
  // The leg that reads or sends RTCP at one of these endpoints; 0 if none.
  [[nodiscard]] LegId rtcp_leg(const Endpoint& source, const Endpoint& destination) const;

  // Gives the stream the owners that the claims of now say; owners it has stay, but for legs that
  // were over before the stream began: those had it only for want of a better one.
  void assign(HeardStream& stream);
  // Claims and streams beyond an endpoint's or a leg's share.
  [[nodiscard]] std::uint64_t refused_entries() const { return refused_entries_; }
  // True if every owner's leg was released after the stream began.
  [[nodiscard]] bool is_released(const HeardStream& stream) const;

 private:
  struct Claim {
    LegId leg = 0;
    Side side = Side::kCaller;  // who listens at the endpoint
    MediaKind kind = MediaKind::kAudio;
    Timestamp since;         // that was said
    bool candidate = false;  // ICE's
    bool may_be_sealed = false;
    bool released = false;
  };
  struct Leg {
    std::vector<Endpoint> endpoints;       // claimed by it
    std::vector<Endpoint> rtcp_endpoints;  // where they differ from those
    std::vector<HeardStream*> streams;
    std::optional<Timestamp> released;
  };
  using Claims = std::unordered_map<Endpoint, std::vector<Claim>, EndpointHash>;

  // Candidates only if there is nothing else.
  [[nodiscard]] std::vector<Claim> open_claims(const Endpoint& endpoint) const;
  [[nodiscard]] bool has_claim(LegId leg, const Endpoint& endpoint) const;
  [[nodiscard]] bool has_claim_at_address(LegId leg, const IpAddress& address) const;
  void narrow(std::vector<Claim>& claims, const Endpoint& source) const;
  void own(HeardStream& stream, LegId leg, Side voice);
  void disown_latecomer(HeardStream& stream);

  Claims claims_;
  std::unordered_map<Endpoint, LegId, EndpointHash> rtcp_;
  std::unordered_map<LegId, Leg> legs_;
  std::uint64_t refused_entries_ = 0;
};

}  // namespace koegura::capture
