// Packet attachment: spooled packets as a pcapng file (LINKTYPE_RAW, nanoseconds), merged by time.
// Held in memory, as libavformat wants an attachment; the merge itself reads one extent a source.
#pragma once

#include <cstddef>
#include <vector>

#include "capture/error.h"
#include "capture/spool.h"

namespace koegura::store {

// Each source keeps its own order (of arrival, whatever its clock did); packets of the same time
// stand in the order of the sources. REQUIRES: sources outlive the call.
[[nodiscard]] Result<std::vector<std::byte>> merge_to_pcapng(
    const std::vector<const capture::SpooledPackets*>& sources);

}  // namespace koegura::store
