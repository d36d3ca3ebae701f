// Who had been called before the call came here: Diversion (RFC 5806) and History-Info (RFC 7044).
#pragma once

#include <cstddef>
#include <vector>

#include "capture/finished_call.h"
#include "capture/sip_message.h"

namespace koegura::capture {

inline constexpr std::size_t kMaxDiversions = 16;
inline constexpr std::size_t kMaxDiversionText = 8U << 10U;  // bytes, of all of them

// Those that an INVITE names, the latest first, each party once. What both header fields tell is
// one diversion (RFC 7544).
[[nodiscard]] std::vector<Diversion> diversions_of(const SipMessage& invite);

// Those of another copy of the INVITE (another hop, a new attempt), before the ones known so far.
// Gives how many found no room.
[[nodiscard]] std::size_t add_diversions(std::vector<Diversion> newer,
                                         std::vector<Diversion>& known);

}  // namespace koegura::capture
