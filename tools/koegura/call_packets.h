// call_packets: the packets attached to a call's file, read back.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/error.h"
#include "capture/pcapng.h"
#include "decode/matroska.h"

namespace koegura::tools {

// Views into the attachments, which must outlive them. In order of time.
struct CallPackets {
  std::vector<capture::EnhancedPacket> packets;
  std::vector<std::string> attachments;  // the names of those that were there
};

// Of the named attachments, merged by time. Fails if one of them is damaged.
[[nodiscard]] Result<CallPackets> merge_packets(const std::vector<decode::Attachment>& attachments,
                                                const std::vector<std::string_view>& names);

}  // namespace koegura::tools
