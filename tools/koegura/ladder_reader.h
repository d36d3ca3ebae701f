// ladder_reader: the SIP messages in a call's packets, in order of time.
#pragma once

#include <span>
#include <vector>

#include "capture/pcapng.h"
#include "output.pb.h"

namespace koegura::tools {

// Over UDP and TCP (reassembled). What is no SIP message is passed over: it was counted when the
// call was recorded.
[[nodiscard]] std::vector<LadderStep> read_ladder(std::span<const capture::EnhancedPacket> packets);

}  // namespace koegura::tools
