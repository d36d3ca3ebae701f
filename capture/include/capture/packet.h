// Packet: one IP datagram after decapsulation and reassembly, its transport header read.
#pragma once

#include <cstdint>
#include <tl/expected.hpp>

#include "capture/address.h"
#include "capture/defect.h"
#include "capture/frame.h"

namespace koegura::capture {

enum class Transport : std::uint8_t { kUdp, kTcp, kOther };

// A view: bytes live as long as the frame (or the reassembly buffer) they came from.
struct Packet {
  Timestamp time;
  Bytes ip;       // the whole IP datagram, exactly its length: what the spool keeps
  Bytes payload;  // what the transport carries
  Endpoint source;
  Endpoint destination;
  std::uint32_t tcp_sequence = 0;  // kTcp only
  std::uint16_t frames = 1;        // how many frames carried it (fragments): for the accounting
  std::uint8_t tcp_flags = 0;      // kTcp only: FIN 0x01, SYN 0x02, RST 0x04, ACK 0x10
  Transport transport = Transport::kOther;
  std::uint8_t ttl = 0;
};

// Reads an IP datagram (IPv4 or IPv6, not a fragment) as the spool and LINKTYPE_RAW hold it.
[[nodiscard]] tl::expected<Packet, Defect> parse_ip(Timestamp time, Bytes datagram);

}  // namespace koegura::capture
