// Packet attachment: spooled packets as a pcapng file (LINKTYPE_RAW, nanoseconds), merged by time.
// Held in memory, as libavformat wants an attachment; the merge itself reads one extent a source.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "capture/digit_mask.h"
#include "capture/error.h"
#include "capture/spool.h"
#include "decode/rendered_call.h"

namespace koegura::store {

// The packets of one stream, or of one leg's signalling, or a part of them.
struct PacketSelection {
  const capture::SpooledPackets* packets = nullptr;
  std::vector<std::uint8_t> payload_types = {};         // only RTP of these; empty: all packets
  std::span<const decode::PacketRange> leave_out = {};  // in order; views outlive the call
  const capture::DigitMask* mask = nullptr;             // finished; null: as they came
};

// A mask that has seen all of these packets.
[[nodiscard]] Result<std::unique_ptr<capture::DigitMask>> digit_mask_of(
    const capture::SpooledPackets& packets);

// Each source keeps its own order (of arrival, whatever its clock did); packets of the same time
// stand in the order of the sources. shift is added to their times. REQUIRES: the packets outlive
// the call.
[[nodiscard]] Result<std::vector<std::byte>> merge_to_pcapng(
    const std::vector<PacketSelection>& sources, Duration shift);

}  // namespace koegura::store
