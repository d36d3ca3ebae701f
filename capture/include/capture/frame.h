// Frame: one link-layer frame as it arrived, and when.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "capture/time.h"

namespace koegura::capture {

using Bytes = std::span<const std::byte>;

// The same bytes, for what is text on the wire.
[[nodiscard]] inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// LINKTYPE_ values of https://www.tcpdump.org/linktypes.html that we take apart. A source
// gives the number as it stands in the file; decapsulation refuses the others by name.
enum class LinkType : std::uint16_t {
  kNull = 0,  // BSD loopback, host order of the capturing machine
  kEthernet = 1,
  kRaw = 101,   // IPv4 or IPv6 header first
  kLoop = 108,  // OpenBSD loopback, network order
  kLinuxSll = 113,
  kIpv4 = 228,
  kIpv6 = 229,
  kLinuxSll2 = 276,
};

// The bytes belong to the source and live until its next read.
struct Frame {
  Timestamp time;
  Bytes bytes;                    // as captured: may be shorter than it was on the wire
  std::uint32_t wire_length = 0;  // bytes on the wire
  LinkType link = LinkType::kEthernet;
  std::uint16_t interface = 0;  // index within the source
};

}  // namespace koegura::capture
