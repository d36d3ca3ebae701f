// Extended reports of RTCP (RFC 3611).
#pragma once

#include <optional>

#include "capture/rtcp.h"

namespace koegura::capture {

// body: of an XR packet, without its header and padding. Adds what its blocks say.
[[nodiscard]] std::optional<Defect> read_extended_report(Bytes body, RtcpReports& out);

}  // namespace koegura::capture
