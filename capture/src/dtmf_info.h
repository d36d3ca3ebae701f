// Digits in SIP INFO: application/dtmf-relay ("Signal=5\r\nDuration=160") and application/dtmf
// ("5"). No RFC: the conventions of Cisco's gateways, which everyone follows.
#pragma once

#include <optional>

#include "capture/sip_message.h"

namespace koegura::capture {

// The digit that an INFO request carries: 0-9, *, #, A-D; nothing if it carries none.
[[nodiscard]] std::optional<char> dtmf_in_info(const SipMessage& info);

}  // namespace koegura::capture
