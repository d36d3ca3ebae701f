// Udptl: one datagram of T.38's transport (ITU-T T.38 §9.1), taken apart.
#pragma once

#include <cstdint>
#include <vector>

#include "capture/frame.h"

namespace koegura::decode {

using capture::Bytes;

// Views into the datagram. It has one kind of error recovery or the other.
struct UdptlDatagram {
  std::uint16_t sequence = 0;
  Bytes primary;  // the IFP packet with this number; may be empty
  // IFP packets said again: the one numbered sequence - 1, then sequence - 2, …
  std::vector<Bytes> secondaries;
  // Parity by exclusive or. Entry i of n is that of `parity_span` packets, n numbers apart, the
  // last of them sequence - n + i.
  std::vector<Bytes> parity;
  std::uint32_t parity_span = 0;
};

// False: it cannot be UDPTL. Reuses out's memory.
[[nodiscard]] bool read_udptl(Bytes datagram, UdptlDatagram& out);

}  // namespace koegura::decode
