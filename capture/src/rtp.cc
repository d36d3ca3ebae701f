#include "capture/rtp.h"

#include "wire.h"

namespace koegura::capture {

bool looks_like_rtcp(Bytes datagram) {
  constexpr std::size_t kRtcpHeaderSize = 8;  // the common header and the sender's SSRC
  if (datagram.size() < kRtcpHeaderSize) return false;
  const std::uint32_t type = load_u8(datagram.data() + 1);
  if (load_u8(datagram.data()) >> 6U != 2 || type < 200 || type > 207) return false;
  return (std::size_t{load_be16(datagram.data() + 2)} + 1) * 4 <= datagram.size();
}

tl::expected<RtpPacket, Defect> parse_padded_rtp(Bytes datagram) {
  if (!looks_like_rtp(datagram)) return tl::make_unexpected(Defect::kRtpBadHeader);
  const std::uint32_t first = load_u8(datagram.data());
  const bool extended = (first & 0x10U) != 0;

  std::size_t begin = kRtpHeaderSize + std::size_t{first & 0x0FU} * 4;
  if (extended) {
    if (begin + 4 > datagram.size()) return tl::make_unexpected(Defect::kRtpBadHeader);
    begin += 4 + std::size_t{load_be16(datagram.data() + begin + 2)} * 4;
  }
  if (begin > datagram.size()) return tl::make_unexpected(Defect::kRtpBadHeader);

  RtpPacket packet;
  packet.payload = datagram.subspan(begin);
  packet.timestamp = load_be32(datagram.data() + 4);
  packet.ssrc = load_be32(datagram.data() + 8);
  packet.sequence = load_be16(datagram.data() + 2);
  packet.payload_type = static_cast<std::uint8_t>(load_u8(datagram.data() + 1) & 0x7FU);
  packet.marker = (load_u8(datagram.data() + 1) & 0x80U) != 0;
  packet.padded = (first & 0x20U) != 0;
  return packet;
}

bool take_off_padding(RtpPacket& packet) {
  if (!packet.padded) return true;
  const std::size_t padding = packet.payload.empty() ? 0 : load_u8(&packet.payload.back());
  if (padding == 0 || padding > packet.payload.size()) return false;
  packet.payload = packet.payload.first(packet.payload.size() - padding);
  packet.padded = false;
  return true;
}

tl::expected<RtpPacket, Defect> parse_rtp(Bytes datagram) {
  auto packet = parse_padded_rtp(datagram);
  if (packet && !take_off_padding(*packet)) return tl::make_unexpected(Defect::kRtpBadHeader);
  return packet;
}

}  // namespace koegura::capture
