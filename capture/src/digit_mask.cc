#include "capture/digit_mask.h"

#include <algorithm>
#include <optional>

#include "sip_digits.h"
#include "wire.h"

namespace koegura::capture {
namespace {

constexpr std::byte kMasked{'X'};
constexpr std::size_t kUdpHeader = 8;
constexpr std::size_t kUdpChecksumAt = 6;
constexpr std::uint32_t kUdpProtocol = 17;
constexpr std::size_t kLeastTcpHeader = 20;
constexpr std::size_t kMostTcpHeader = 60;
constexpr std::size_t kTcpLengthAt = 12;  // its upper half, in words of four bytes
constexpr std::size_t kTcpChecksumAt = 16;
constexpr std::uint32_t kTcpProtocol = 6;

bool has_ports(const Packet& packet, const std::byte* header) {
  return load_be16(header) == packet.source.port &&
         load_be16(header + 2) == packet.destination.port;
}

// How long the transport's header before the payload is: TCP's by what it says itself.
std::optional<std::size_t> header_size(const Packet& packet) {
  const auto before = static_cast<std::size_t>(packet.payload.data() - packet.ip.data());
  if (packet.transport == Transport::kUdp) {
    return before >= kUdpHeader ? std::optional(kUdpHeader) : std::nullopt;
  }
  constexpr std::size_t kWord = 4;
  for (std::size_t size = kLeastTcpHeader; size <= std::min(kMostTcpHeader, before);
       size += kWord) {
    const std::byte* const header = packet.payload.data() - size;
    const std::size_t said = std::size_t{load_u8(header + kTcpLengthAt)} >> 4U;
    if (said * kWord == size && has_ports(packet, header)) return size;
  }
  return std::nullopt;
}

std::uint32_t sum_of(Bytes bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) sum += load_be16(bytes.data() + i);
  if (bytes.size() % 2 != 0) sum += static_cast<std::uint32_t>(bytes.back()) << 8U;
  return sum;
}

std::uint32_t sum_of(const IpAddress& address) {
  const auto bytes = std::as_bytes(std::span(address.bytes));
  constexpr std::size_t kMapping = 12;  // an IPv4 address stands behind it (address.h)
  return sum_of(address.is_v4() ? bytes.subspan(kMapping) : bytes);
}

// RFC 768, RFC 9293 §3.1, RFC 8200 §8.1. A UDP sender that gave none is left without.
void put_checksum(const Packet& packet, std::span<std::byte> ip) {
  const std::optional<std::size_t> header = header_size(packet);
  if (!header) return;
  const auto payload_at = static_cast<std::size_t>(packet.payload.data() - packet.ip.data());
  const std::span<std::byte> transport =
      ip.subspan(payload_at - *header, *header + packet.payload.size());
  const bool udp = packet.transport == Transport::kUdp;
  std::byte* const checksum = transport.data() + (udp ? kUdpChecksumAt : kTcpChecksumAt);
  if (udp && load_be16(checksum) == 0) return;
  store_be16(checksum, 0);
  std::uint32_t sum = sum_of(packet.source.address) + sum_of(packet.destination.address) +
                      (udp ? kUdpProtocol : kTcpProtocol) +
                      static_cast<std::uint32_t>(transport.size()) + sum_of(transport);
  while (sum >> 16U != 0) sum = (sum & 0xFFFFU) + (sum >> 16U);
  const auto inverse = static_cast<std::uint16_t>(~sum);
  store_be16(checksum, udp && inverse == 0 ? std::uint16_t{0xFFFF} : inverse);
}

void mask(std::span<std::byte> payload, std::size_t offset, std::size_t length) {
  const auto part = payload.subspan(offset, length);
  std::fill(part.begin(), part.end(), kMasked);
}

// Where the message begins within the first segment that carried it: the bytes are the same from
// there to the end of one of the two.
std::optional<std::size_t> place_in(Bytes segment, Bytes message) {
  for (std::size_t at = 0; at < segment.size(); ++at) {
    const std::size_t common = std::min(segment.size() - at, message.size());
    if (std::equal(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(common),
                   segment.begin() + static_cast<std::ptrdiff_t>(at))) {
      return at;
    }
  }
  return std::nullopt;
}

}  // namespace

DigitMask::DigitMask() : tcp_(TcpReassembly::create(TcpReassemblyOptions{}, uncounted_, *this)) {}
DigitMask::~DigitMask() = default;

void DigitMask::learn(Timestamp time, Bytes ip) {
  const auto packet = parse_ip(time, ip);
  if (packet && packet->transport == Transport::kTcp) tcp_->on_packet(*packet);
}

void DigitMask::finish() {
  tcp_->finish();
}

DigitMask::Flow DigitMask::flow_of(const Endpoint& source, const Endpoint& destination) {
  return {{source.address.bytes, source.port}, {destination.address.bytes, destination.port}};
}

void DigitMask::on_tcp_message(Timestamp /*time*/, const Endpoint& source,
                               const Endpoint& destination, Bytes message,
                               std::span<const TcpSegment> segments) {
  const std::vector<DigitBytes> digits = digits_in_sip(as_text(message));
  if (digits.empty() || segments.empty()) return;
  const auto first = parse_ip(segments.front().time, segments.front().ip);
  const auto place = first ? place_in(first->payload, message) : std::nullopt;
  if (!place) return;
  Stretches& stretches = learnt_[flow_of(source, destination)];
  for (const DigitBytes& range : digits) {
    for (std::size_t at = 0; at < range.length; at += kLongest) {
      const auto sequence =
          first->tcp_sequence + static_cast<std::uint32_t>(*place + range.offset + at);
      const auto length =
          static_cast<std::uint32_t>(std::min<std::size_t>(kLongest, range.length - at));
      std::uint32_t& known = stretches[sequence];
      known = std::max(known, length);
    }
  }
}

void DigitMask::apply(Timestamp time, std::span<std::byte> ip) const {
  const auto packet = parse_ip(time, ip);
  if (!packet || packet->transport == Transport::kOther || packet->payload.empty()) return;
  const auto payload_at = static_cast<std::size_t>(packet->payload.data() - packet->ip.data());
  const std::span<std::byte> payload = ip.subspan(payload_at, packet->payload.size());
  const std::vector<std::byte> before(payload.begin(), payload.end());
  // Of TCP too: a part of another leg's message, which nobody has the rest of.
  for (const DigitBytes& range : digits_in_sip(as_text(before))) {
    mask(payload, range.offset, range.length);
  }
  if (packet->transport == Transport::kTcp) mask_learnt(*packet, payload);
  if (!std::equal(before.begin(), before.end(), payload.begin())) put_checksum(*packet, ip);
}

void DigitMask::mask_learnt(const Packet& packet, std::span<std::byte> payload) const {
  const auto flow = learnt_.find(flow_of(packet.source, packet.destination));
  if (flow == learnt_.end()) return;
  const Stretches& stretches = flow->second;
  const std::uint32_t from = packet.tcp_sequence - (kLongest - 1);
  const auto reach = static_cast<std::uint32_t>(payload.size()) + (kLongest - 1);
  // Numbers go round: from `from` to the top, then from 0.
  auto at = stretches.lower_bound(from);
  for (std::size_t seen = 0; seen < stretches.size(); ++seen, ++at) {
    if (at == stretches.end()) at = stretches.begin();
    const std::uint32_t distance = at->first - from;
    if (distance >= reach) return;
    // Of the stretch: what lies within the payload.
    const std::int64_t begin = std::int64_t{distance} - (kLongest - 1);
    const std::int64_t end = std::min<std::int64_t>(begin + at->second, payload.size());
    const std::int64_t inside = std::max<std::int64_t>(begin, 0);
    if (inside < end) {
      mask(payload, static_cast<std::size_t>(inside), static_cast<std::size_t>(end - inside));
    }
  }
}

}  // namespace koegura::capture
