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

std::optional<Defect> read_packet(Timestamp time, const IpHeader& header, Packet& packet) {
  packet.time = time;
  packet.ip = header.datagram;
  packet.payload = header.payload();
  packet.source = {header.source(), 0};
  packet.destination = {header.destination(), 0};
  packet.tcp_sequence = 0;
  packet.tcp_flags = 0;
  packet.frames = 1;
  packet.transport = Transport::kOther;
  packet.ttl = header.ttl;
  if (header.is_fragment()) return std::nullopt;
  if (header.protocol == ip_protocol::kUdp && !read_udp(header.payload(), packet)) {
    return Defect::kUdpTruncated;
  }
  if (header.protocol == ip_protocol::kTcp && !read_tcp(header.payload(), packet)) {
    return Defect::kTcpTruncated;
  }
  return std::nullopt;
}

}  // namespace koegura::capture
