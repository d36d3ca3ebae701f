#include "capture/packet.h"

#include "ip_header.h"
#include "transport.h"

namespace koegura::capture {

tl::expected<Packet, Defect> parse_ip(Timestamp time, Bytes datagram) {
  const auto header = read_ip_header(datagram);
  if (!header) return tl::make_unexpected(header.error());
  tl::expected<Packet, Defect> packet;
  if (const auto defect = read_packet(time, *header, *packet)) return tl::make_unexpected(*defect);
  return packet;
}

}  // namespace koegura::capture
