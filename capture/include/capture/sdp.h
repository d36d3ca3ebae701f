// Sdp: a session description (RFC 8866), as far as it says where media will arrive and in
// which formats (RFC 3264).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "capture/defect.h"
#include "capture/finished_call.h"

namespace koegura::capture {

// Bounds on one description; lines beyond them are passed over.
inline constexpr std::size_t kMaxSdpMedia = 32;
inline constexpr std::size_t kMaxSdpFormats = 64;     // per media line
inline constexpr std::size_t kMaxSdpCandidates = 32;  // per media line, both components
inline constexpr std::size_t kMaxSdpCrypto = 16;      // per media line
inline constexpr std::size_t kMaxSdpText = 1024;      // of a=fmtp and the like: the rest is cut off

// a=rtcp (RFC 3605): the address is the media's own where it names none.
struct SdpRtcp {
  std::uint16_t port = 0;
  std::optional<IpAddress> address;
};

// a=candidate (RFC 8839 §5.1) over UDP: where media (component 1) or its RTCP (2) may arrive as
// well as at c= and m=, once ICE has agreed on it. No host names, no TCP.
struct SdpCandidate {
  std::uint8_t component = 1;
  Endpoint endpoint;
};

// One m= line with its attributes; what the session level says about it is filled in.
struct SdpMedia {
  MediaKind kind = MediaKind::kOther;
  MediaDirection direction = MediaDirection::kSendRecv;
  std::uint16_t port = 0;               // 0: refused or taken down (RFC 3264 §6, §8.2)
  std::uint16_t packet_time_ms = 0;     // a=ptime, 0 if absent
  std::uint8_t t38_version = 0;         // a=T38FaxVersion, 0 if absent
  bool rtcp_mux = false;                // RFC 5761
  bool bundle_only = false;             // port 0 means: where the other lines are (RFC 9143 §6)
  bool fingerprint = false;             // a=fingerprint: keys are agreed on by DTLS (RFC 8122)
  std::string protocol;                 // "RTP/AVP", "RTP/SAVP", "udptl"
  std::optional<IpAddress> connection;  // absent: not there, or a host name
  std::optional<SdpRtcp> rtcp;
  std::vector<MediaFormat> formats;  // in order of the m= line, static types filled in
  std::vector<SdpCandidate> candidates;
  std::vector<SrtpCrypto> crypto_lines;  // a=crypto: keys for what the describing side sends

  // RTP/SAVP, RTP/SAVPF, UDP/TLS/…: what arrives is SRTP.
  [[nodiscard]] bool encrypted() const;
  // Where media is to be sent; nothing without an address or with port 0. May be 0.0.0.0.
  [[nodiscard]] std::optional<Endpoint> endpoint() const;
  [[nodiscard]] Endpoint rtcp_endpoint(const Endpoint& media) const;
  // Of a candidate of component 1: component 2 at its address, else with it.
  [[nodiscard]] Endpoint rtcp_of_candidate(const Endpoint& media) const;
  // 0.0.0.0 and port 9: the address will come as a candidate (RFC 8840 §4.1.1). This is no hold.
  [[nodiscard]] bool awaits_candidates() const;
};

struct Sdp {
  std::vector<SdpMedia> media;
};

// Reads what can be read: line ends may be LF, unknown, malformed and missing lines are passed
// over, attribute names may have any case. kSdpBadLine: not one line of the form <type>=<value>;
// kSdpBadMedia: it has media lines, but not one that can be read.
[[nodiscard]] tl::expected<Sdp, Defect> parse_sdp(std::string_view text);

}  // namespace koegura::capture
