#include "capture/sdp.h"

#include <algorithm>
#include <array>

#include "sip_grammar.h"

namespace koegura::capture {
namespace {

struct StaticType {
  std::uint8_t payload_type;
  std::uint8_t channels;
  std::uint32_t clock_rate;
  std::string_view encoding;
};

// RFC 3551 §6, tables 4 and 5. 2 was G721, which became G726-32 and is still sent.
constexpr StaticType kStaticTypes[] = {
    {0, 1, 8000, "PCMU"},   {2, 1, 8000, "G726-32"}, {3, 1, 8000, "GSM"},    {4, 1, 8000, "G723"},
    {5, 1, 8000, "DVI4"},   {6, 1, 16000, "DVI4"},   {7, 1, 8000, "LPC"},    {8, 1, 8000, "PCMA"},
    {9, 1, 8000, "G722"},   {10, 2, 44100, "L16"},   {11, 1, 44100, "L16"},  {12, 1, 8000, "QCELP"},
    {13, 1, 8000, "CN"},    {14, 1, 90000, "MPA"},   {15, 1, 8000, "G728"},  {16, 1, 11025, "DVI4"},
    {17, 1, 22050, "DVI4"}, {18, 1, 8000, "G729"},   {25, 1, 90000, "CelB"}, {26, 1, 90000, "JPEG"},
    {28, 1, 90000, "nv"},   {31, 1, 90000, "H261"},  {32, 1, 90000, "MPV"},  {33, 1, 90000, "MP2T"},
    {34, 1, 90000, "H263"},
};

MediaFormat static_format(std::uint8_t payload_type) {
  MediaFormat format;
  format.payload_type = payload_type;
  for (const StaticType& type : kStaticTypes) {
    if (type.payload_type != payload_type) continue;
    format.encoding = type.encoding;
    format.clock_rate = type.clock_rate;
    format.channels = type.channels;
  }
  return format;
}

MediaKind kind_of(std::string_view media) {
  if (iequals(media, "audio")) return MediaKind::kAudio;
  if (iequals(media, "video")) return MediaKind::kVideo;
  if (iequals(media, "image")) return MediaKind::kImage;
  return MediaKind::kOther;
}

// As IpAddress::parse, and what RFC 5118 §4.10 wants tolerated: three colons before an IPv4 part. A
// scope ("fe80::1%eth0") is the sender's own affair.
std::optional<IpAddress> parse_address(std::string_view text) {
  text = text.substr(0, text.find('%'));
  const std::size_t colons = text.find(":::");
  if (colons == std::string_view::npos || text.find('.') == std::string_view::npos) {
    return IpAddress::parse(text);
  }
  std::string two(text);
  two.erase(colons, 1);
  return IpAddress::parse(two);
}

// "IN IP4 192.0.2.1/127": the address without TTL and count (RFC 8866 §5.7).
std::optional<IpAddress> read_address(std::string_view value) {
  next_word(value);
  next_word(value);
  const std::string_view address = next_word(value);
  return parse_address(address.substr(0, address.find('/')));
}

std::optional<MediaDirection> direction_of(std::string_view attribute) {
  if (iequals(attribute, "sendrecv")) return MediaDirection::kSendRecv;
  if (iequals(attribute, "sendonly")) return MediaDirection::kSendOnly;
  if (iequals(attribute, "recvonly")) return MediaDirection::kRecvOnly;
  if (iequals(attribute, "inactive")) return MediaDirection::kInactive;
  return std::nullopt;
}

// m=<media> <port>[/<count>] <protocol> <format> … (RFC 8866 §5.14)
std::optional<SdpMedia> read_media(std::string_view value) {
  SdpMedia media;
  media.kind = kind_of(next_word(value));
  const std::string_view port = next_word(value);
  const auto number = decimal<std::uint16_t>(port.substr(0, port.find('/')));
  media.protocol = next_word(value).substr(0, kMaxSdpText);
  if (!number || media.protocol.empty()) return std::nullopt;
  media.port = *number;
  // Only RTP's formats are payload types; "t38" names itself.
  while (media.formats.size() < kMaxSdpFormats) {
    const std::string_view word = next_word(value);
    if (word.empty()) break;
    const auto payload_type = decimal<std::uint8_t>(word);
    if (payload_type && *payload_type < 128) media.formats.push_back(static_format(*payload_type));
  }
  return media;
}

// The format that "<payload type> <rest>" speaks of; value becomes the rest.
MediaFormat* format_named(SdpMedia& media, std::string_view& value) {
  const auto payload_type = decimal<std::uint8_t>(next_word(value));
  value = trim(value);
  if (!payload_type) return nullptr;
  const auto found =
      std::find_if(media.formats.begin(), media.formats.end(),
                   [&](const MediaFormat& f) { return f.payload_type == *payload_type; });
  return found == media.formats.end() ? nullptr : &*found;
}

// a=rtpmap:<payload type> <encoding>/<clock rate>[/<channels>] (RFC 8866 §6.6). What is missing
// or unreadable keeps its static value.
void read_rtpmap(SdpMedia& media, std::string_view value) {
  MediaFormat* format = format_named(media, value);
  if (format == nullptr || value.empty()) return;
  format->encoding = trim(split_off(value, '/')).substr(0, kMaxSdpText);
  if (const auto rate = decimal<std::uint32_t>(trim(split_off(value, '/')))) {
    format->clock_rate = *rate;
  }
  const auto channels = decimal<std::uint8_t>(trim(value));
  format->channels = channels && *channels > 0 ? *channels : 1;
}

void read_rtcp(SdpMedia& media, std::string_view value) {
  const auto port = decimal<std::uint16_t>(next_word(value));
  if (port) media.rtcp = SdpRtcp{*port, read_address(value)};
}

// a=candidate:<foundation> <component> <transport> <priority> <address> <port> typ <type> …
void read_candidate(SdpMedia& media, std::string_view value) {
  next_word(value);
  const auto component = decimal<std::uint8_t>(next_word(value));
  const std::string_view transport = next_word(value);
  next_word(value);
  const auto address = parse_address(next_word(value));
  const auto port = decimal<std::uint16_t>(next_word(value));
  const bool known_component = component && (*component == 1 || *component == 2);
  if (!known_component || !iequals(transport, "UDP")) return;
  if (!address || address->is_unspecified() || !port || *port == 0) return;
  if (media.candidates.size() < kMaxSdpCandidates) {
    media.candidates.push_back({*component, {*address, *port}});
  }
}

void read_attribute(SdpMedia& media, std::string_view attribute) {
  std::string_view value = attribute;
  const std::string_view name = trim(split_off(value, ':'));
  if (const auto direction = direction_of(name)) {
    media.direction = *direction;
  } else if (iequals(name, "rtpmap")) {
    read_rtpmap(media, value);
  } else if (iequals(name, "fmtp")) {
    if (MediaFormat* format = format_named(media, value))
      format->fmtp = value.substr(0, kMaxSdpText);
  } else if (iequals(name, "ptime")) {
    value = trim(value);
    media.packet_time_ms =
        decimal<std::uint16_t>(value.substr(0, value.find('.'))).value_or(media.packet_time_ms);
  } else if (iequals(name, "T38FaxVersion")) {
    media.t38_version = decimal<std::uint8_t>(trim(value)).value_or(media.t38_version);
  } else if (iequals(name, "rtcp")) {
    read_rtcp(media, value);
  } else if (iequals(name, "rtcp-mux")) {
    media.rtcp_mux = true;
  } else if (iequals(name, "bundle-only")) {
    media.bundle_only = true;
  } else if (iequals(name, "candidate")) {
    read_candidate(media, value);
  } else if (iequals(name, "crypto")) {
    if (media.crypto_lines.size() < kMaxSdpCrypto) {
      media.crypto_lines.push_back(parse_crypto(value));
    }
  } else if (iequals(name, "fingerprint")) {
    media.fingerprint = true;
  }
}

// As read_address. A host of the domain .invalid (RFC 2606 §2) is nowhere: a hold of those who shun
// the IPv6 address "::".
std::optional<IpAddress> read_connection(std::string_view value) {
  if (iends_with(value, ".invalid")) return IpAddress::v4(0);
  return read_address(value);
}

// Gathers lines; `session` holds what stands before the first m= line and is where every media
// starts from.
class Reader {
 public:
  void read_line(char type, std::string_view value) {
    if (type == 'm') {
      begin_media(value);
      return;
    }
    if (skipping_) return;
    SdpMedia& current = sdp_.media.empty() ? session_ : sdp_.media.back();
    if (type == 'c') current.connection = read_connection(value);
    if (type == 'a') read_attribute(current, value);
  }

  [[nodiscard]] bool had_media_lines() const { return had_media_lines_; }
  [[nodiscard]] Sdp take() && {
    place_bundled();
    return std::move(sdp_);
  }

 private:
  void begin_media(std::string_view value) {
    had_media_lines_ = true;
    // The attributes of a line that was passed over go with it.
    skipping_ = true;
    if (sdp_.media.size() == kMaxSdpMedia) return;
    auto media = read_media(value);
    skipping_ = !media;
    if (skipping_) return;
    media->direction = session_.direction;
    media->connection = session_.connection;
    media->fingerprint = session_.fingerprint;
    media->crypto_lines = session_.crypto_lines;
    media->packet_time_ms = session_.packet_time_ms;
    sdp_.media.push_back(std::move(*media));
  }

  // The transport of lines that only a bundle has is that of the first line with one.
  void place_bundled() {
    const auto first = std::find_if(sdp_.media.begin(), sdp_.media.end(),
                                    [](const SdpMedia& media) { return media.port != 0; });
    if (first == sdp_.media.end()) return;
    for (SdpMedia& media : sdp_.media) {
      if (!media.bundle_only || media.port != 0) continue;
      media.port = first->port;
      media.connection = first->connection;
      media.rtcp_mux = first->rtcp_mux;
      media.rtcp = first->rtcp;
      media.candidates = first->candidates;
    }
  }

  Sdp sdp_;
  SdpMedia session_;
  bool skipping_ = false;
  bool had_media_lines_ = false;
};

}  // namespace

bool SdpMedia::encrypted() const {
  return istarts_with(protocol, "RTP/SAVP") || istarts_with(protocol, "UDP/TLS/") ||
         istarts_with(protocol, "TCP/DTLS/");
}

std::optional<Endpoint> SdpMedia::endpoint() const {
  if (!connection || port == 0) return std::nullopt;
  return Endpoint{*connection, port};
}

Endpoint SdpMedia::rtcp_endpoint(const Endpoint& media) const {
  if (rtcp_mux) return media;
  if (!rtcp) return {media.address, static_cast<std::uint16_t>(media.port + 1)};
  return {rtcp->address.value_or(media.address), rtcp->port};
}

Endpoint SdpMedia::rtcp_of_candidate(const Endpoint& media) const {
  if (rtcp_mux) return media;
  const auto own = std::find_if(candidates.begin(), candidates.end(), [&](const SdpCandidate& c) {
    return c.component == 2 && c.endpoint.address == media.address;
  });
  return own == candidates.end() ? media : own->endpoint;
}

bool SdpMedia::awaits_candidates() const {
  constexpr std::uint16_t kDiscardPort = 9;
  return port == kDiscardPort && connection && connection->is_unspecified();
}

tl::expected<Sdp, Defect> parse_sdp(std::string_view text) {
  Reader reader;
  bool any_line = false;
  while (!text.empty()) {
    const std::string_view line = trim(split_off(text, '\n'));
    if (line.size() < 2 || line[1] != '=') continue;
    any_line = true;
    reader.read_line(lower(line[0]), trim(line.substr(2)));
  }
  if (!any_line) return tl::make_unexpected(Defect::kSdpBadLine);
  const bool had_media_lines = reader.had_media_lines();
  Sdp sdp = std::move(reader).take();
  if (had_media_lines && sdp.media.empty()) return tl::make_unexpected(Defect::kSdpBadMedia);
  return sdp;
}

}  // namespace koegura::capture
