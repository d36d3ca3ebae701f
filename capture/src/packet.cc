#include "capture/packet.h"

#include "ip_header.h"
#include "transport.h"

namespace koegura::capture {

tl::expected<Packet, Defect> parse_ip(Timestamp time, Bytes datagram) {
  const auto header = read_ip_header(datagram);
  if (!header) return tl::make_unexpected(header.error());
  return read_transport(time, *header);
}

}  // namespace koegura::capture
