// Payloads of RED (RFC 2198).
#pragma once

#include <cstdint>
#include <vector>

#include "../capture/packet_builder.h"

namespace koegura::decode::test {

using capture::test::Octets;

// A block in front of the primary: offset in ticks before the packet's timestamp.
struct Repeated {
  std::uint32_t offset = 0;
  Octets payload;
  std::uint8_t type = 0;
};

inline Octets red(const std::vector<Repeated>& repeated, const Octets& primary,
                  std::uint8_t type = 0) {
  capture::test::Writer out;
  for (const Repeated& block : repeated) {
    const auto size = static_cast<std::uint32_t>(block.payload.size());
    out.u32(0x80000000U | std::uint32_t{block.type} << 24U | block.offset << 10U | size);
  }
  out.u8(type);
  for (const Repeated& block : repeated) out.bytes(block.payload);
  return out.bytes(primary).octets();
}

}  // namespace koegura::decode::test
