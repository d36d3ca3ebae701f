#include "call_packets.h"

#include <algorithm>

namespace koegura::tools {

namespace {

constexpr std::size_t kBlockHeader = 8;  // type, length

std::uint32_t little_endian(capture::Bytes bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i > 0; --i) {
    value = (value << 8U) | static_cast<std::uint32_t>(bytes[i - 1]);
  }
  return value;
}

// Every packet block; blocks of other types are passed over.
Result<void> read_blocks(const decode::Attachment& attachment,
                         std::vector<capture::EnhancedPacket>& packets) {
  const capture::Bytes file(attachment.bytes);
  std::size_t offset = 0;
  while (offset < file.size()) {
    const capture::Bytes rest = file.subspan(offset);
    std::size_t size = rest.size() < kBlockHeader ? 0 : little_endian(rest.subspan(4, 4));
    const bool whole = size > kBlockHeader && size <= rest.size() && size % 4 == 0;
    const bool is_packet = whole && little_endian(rest) == capture::kEnhancedPacketBlock;
    const auto packet = is_packet ? capture::read_enhanced_packet(rest) : std::nullopt;
    if (!whole || (is_packet && !packet)) {
      return failure(attachment.name + ": damaged at offset " + std::to_string(offset));
    }
    if (packet) packets.push_back(*packet);
    offset += size;
  }
  return {};
}

}  // namespace

Result<CallPackets> merge_packets(const std::vector<decode::Attachment>& attachments,
                                  const std::vector<std::string_view>& names) {
  CallPackets merged;
  for (const decode::Attachment& attachment : attachments) {
    if (std::find(names.begin(), names.end(), attachment.name) == names.end()) continue;
    if (auto read = read_blocks(attachment, merged.packets); !read) {
      return tl::make_unexpected(std::move(read.error()));
    }
    merged.attachments.push_back(attachment.name);
  }
  std::stable_sort(merged.packets.begin(), merged.packets.end(),
                   [](const auto& a, const auto& b) { return a.time < b.time; });
  return merged;
}

}  // namespace koegura::tools
