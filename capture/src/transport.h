// Transport headers: UDP (RFC 768) and TCP (RFC 9293 §3.1), the last layer before a Packet.
#pragma once

#include <tl/expected.hpp>

#include "capture/packet.h"
#include "ip_header.h"

namespace koegura::capture {

// A protocol other than UDP and TCP, and a fragment, come out as Transport::kOther.
[[nodiscard]] tl::expected<Packet, Defect> read_transport(Timestamp time, const IpHeader& header);

}  // namespace koegura::capture
