// Transport headers: UDP (RFC 768) and TCP (RFC 9293 §3.1), the last layer before a Packet.
#pragma once

#include <optional>

#include "capture/packet.h"
#include "ip_header.h"

namespace koegura::capture {

// Fills packet, all of it, unless there is a defect. A protocol other than UDP and TCP, and a
// fragment, come out as Transport::kOther.
[[nodiscard]] std::optional<Defect> read_packet(Timestamp time, const IpHeader& header,
                                                Packet& packet);

}  // namespace koegura::capture
