#include "path.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "big_endian.h"

namespace koegura::traffic {
namespace {

constexpr std::size_t kLeastFrame = 60;  // IEEE 802.3 §3.2.8, without FCS
constexpr std::uint16_t kTypeVlan = 0x8100;
constexpr std::uint16_t kTypeIpv4 = 0x0800;
constexpr std::uint16_t kTypeIpv6 = 0x86DD;

// RFC 1071: the ones' complement sum does not care for byte order, so words are taken as they
// are in memory, 8 bytes at a time; 2^32 of them fit.
std::uint64_t sum_of(const std::byte* bytes, std::size_t size) {
  std::uint64_t sum = 0;
  std::uint64_t word = 0;
  for (; size >= sizeof word; size -= sizeof word, bytes += sizeof word) {
    std::memcpy(&word, bytes, sizeof word);
    sum += (word & 0xFFFFFFFFU) + (word >> 32U);
  }
  word = 0;
  std::memcpy(&word, bytes, size);
  return sum + (word & 0xFFFFFFFFU) + (word >> 32U);
}

std::uint16_t folded(std::uint64_t sum) {
  while ((sum >> 16U) != 0) sum = (sum & 0xFFFFU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

std::uint64_t sum_of(std::uint16_t value) {
  std::array<std::byte, 2> bytes{};
  put16(bytes.data(), value);
  return sum_of(bytes.data(), bytes.size());
}

void put_checksum(std::byte* out, std::uint16_t checksum) {
  std::memcpy(out, &checksum, sizeof checksum);
}

}  // namespace

Path::Path(const Link& link, const capture::Endpoint& source, const capture::Endpoint& destination)
    : link_(link),
      source_port_(source.port),
      destination_port_(destination.port),
      ipv6_(!source.address.is_v4()) {
  assert(source.address.is_v4() == destination.address.is_v4());
  // Locally administered MAC addresses: …:01 the SBC's, …:02 the PBX's.
  const bool from_caller = link.sender == capture::Side::kCaller;
  std::byte* out = template_.data();
  put32(out, 0x02000000U);
  put16(out + 4, from_caller ? 2 : 1);
  put32(out + 6, 0x02000000U);
  put16(out + 10, from_caller ? 1 : 2);
  headers_ = 12;
  if (link.vlan != 0) {
    put16(out + headers_, kTypeVlan);
    put16(out + headers_ + 2, link.vlan);
    headers_ += 4;
  }
  put16(out + headers_, ipv6_ ? kTypeIpv6 : kTypeIpv4);
  headers_ += 2;
  append_ip(source, destination);
}

void Path::append_ip(const capture::Endpoint& source, const capture::Endpoint& destination) {
  ip_offset_ = headers_;
  std::byte* ip = template_.data() + ip_offset_;
  const std::size_t skip = ipv6_ ? 0 : 12;  // IPv4-mapped: the last 4 bytes
  const std::size_t length = 16 - skip;
  const std::size_t addresses = ipv6_ ? 8 : 12;
  if (ipv6_) {
    put32(ip, 0x60000000U | static_cast<std::uint32_t>(link_.tos) << 20U);
    put8(ip + 6, static_cast<std::uint8_t>(link_.protocol));
    put8(ip + 7, 64);
  } else {
    put8(ip, 0x45);
    put8(ip + 1, link_.tos);
    put16(ip + 6, 0x4000);  // do not fragment
    put8(ip + 8, 64);
    put8(ip + 9, static_cast<std::uint8_t>(link_.protocol));
  }
  std::memcpy(ip + addresses, source.address.bytes.data() + skip, length);
  std::memcpy(ip + addresses + length, destination.address.bytes.data() + skip, length);
  headers_ += addresses + 2 * length;
  pseudo_header_ =
      sum_of(ip + addresses, 2 * length) + sum_of(static_cast<std::uint16_t>(link_.protocol));
}

std::size_t Path::frame_size(std::size_t payload) const {
  return std::max(kLeastFrame, headers_ + transport_size() + payload);
}

void Path::seal_ip(std::byte* frame, std::size_t payload, std::uint16_t id) const {
  std::memcpy(frame, template_.data(), headers_);
  std::byte* ip = frame + ip_offset_;
  const auto carried = static_cast<std::uint16_t>(transport_size() + payload);
  if (ipv6_) {
    put16(ip + 4, carried);
  } else {
    put16(ip + 2, static_cast<std::uint16_t>(20 + carried));
    put16(ip + 4, id);
    put_checksum(ip + 10, folded(sum_of(ip, 20)));
  }
  const std::size_t used = headers_ + carried;
  if (used < kLeastFrame) std::memset(frame + used, 0, kLeastFrame - used);
}

std::uint16_t Path::transport_checksum(const std::byte* transport, std::size_t size) const {
  return folded(pseudo_header_ + sum_of(static_cast<std::uint16_t>(size)) +
                sum_of(transport, size));
}

void Path::seal_udp(std::byte* frame, std::size_t payload, std::uint16_t id) const {
  seal_ip(frame, payload, id);
  std::byte* udp = frame + headers_;
  const std::size_t size = 8 + payload;
  put16(udp, source_port_);
  put16(udp + 2, destination_port_);
  put16(udp + 4, static_cast<std::uint16_t>(size));
  put16(udp + 6, 0);
  const std::uint16_t checksum = transport_checksum(udp, size);
  put_checksum(udp + 6, checksum == 0 ? 0xFFFF : checksum);  // 0 means "none" (RFC 768)
}

void Path::seal_tcp(std::byte* frame, std::size_t payload, std::uint16_t id,
                    const TcpFields& fields) const {
  seal_ip(frame, payload, id);
  std::byte* tcp = frame + headers_;
  put16(tcp, source_port_);
  put16(tcp + 2, destination_port_);
  put32(tcp + 4, fields.sequence);
  put32(tcp + 8, fields.acknowledgment);
  put8(tcp + 12, 5U << 4U);  // header length, no options
  put8(tcp + 13, fields.flags);
  put16(tcp + 14, 65'535);  // window
  put32(tcp + 16, 0);       // checksum, urgent pointer
  put_checksum(tcp + 16, transport_checksum(tcp, 20 + payload));
}

}  // namespace koegura::traffic
