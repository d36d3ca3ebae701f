// Packet attachment: spooled packets as a pcapng file (LINKTYPE_RAW, nanoseconds), merged by time.
// Held in memory, as libavformat wants an attachment; the merge itself reads one extent a source.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "capture/error.h"
#include "capture/spool.h"

namespace koegura::store {

// The packets of one stream, or only those of its RTP packets that have one of these payload types.
struct PacketSelection {
  const capture::SpooledPackets* packets = nullptr;
  std::vector<std::uint8_t> payload_types = {};  // empty: all packets
};

// Each source keeps its own order (of arrival, whatever its clock did); packets of the same time
// stand in the order of the sources. shift is added to their times. REQUIRES: the packets outlive
// the call.
[[nodiscard]] Result<std::vector<std::byte>> merge_to_pcapng(
    const std::vector<PacketSelection>& sources, Duration shift);

}  // namespace koegura::store
