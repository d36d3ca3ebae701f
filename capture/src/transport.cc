#include "transport.h"

#include "wire.h"

namespace koegura::capture {

namespace {

constexpr std::size_t kUdpHeaderSize = 8;
constexpr std::size_t kTcpHeaderSize = 20;

bool read_udp(Bytes segment, Packet& packet) {
  if (segment.size() < kUdpHeaderSize) return false;
  const std::byte* at = segment.data();
  std::size_t length = load_be16(at + 4);
  if (length == 0) length = segment.size();  // segmentation offload
  if (length < kUdpHeaderSize || length > segment.size()) return false;
  packet.transport = Transport::kUdp;
  packet.source.port = load_be16(at);
  packet.destination.port = load_be16(at + 2);
  packet.payload = segment.subspan(kUdpHeaderSize, length - kUdpHeaderSize);
  return true;
}

bool read_tcp(Bytes segment, Packet& packet) {
  if (segment.size() < kTcpHeaderSize) return false;
  const std::byte* at = segment.data();
  const std::size_t header_size = (load_u8(at + 12) >> 4U) * 4U;
  if (header_size < kTcpHeaderSize || header_size > segment.size()) return false;
  packet.transport = Transport::kTcp;
  packet.source.port = load_be16(at);
  packet.destination.port = load_be16(at + 2);
  packet.tcp_sequence = load_be32(at + 4);
  packet.tcp_flags = load_u8(at + 13);
  packet.payload = segment.subspan(header_size);
  return true;
}

}  // namespace

tl::expected<Packet, Defect> read_transport(Timestamp time, const IpHeader& header) {
  Packet packet;
  packet.time = time;
  packet.ip = header.datagram;
  packet.payload = header.payload();
  packet.source.address = header.source;
  packet.destination.address = header.destination;
  packet.ttl = header.ttl;
  if (header.is_fragment()) return packet;
  if (header.protocol == ip_protocol::kUdp && !read_udp(header.payload(), packet)) {
    return tl::make_unexpected(Defect::kUdpTruncated);
  }
  if (header.protocol == ip_protocol::kTcp && !read_tcp(header.payload(), packet)) {
    return tl::make_unexpected(Defect::kTcpTruncated);
  }
  return packet;
}

}  // namespace koegura::capture
