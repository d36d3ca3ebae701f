// The classic pcap format (draft-ietf-opsawg-pcap): both byte orders, microseconds and nanoseconds,
// and the "modified" format of a Linux patch of the nineties, whose records have 8 bytes more.
#include <optional>

#include "frame_reader.h"
#include "wire.h"

namespace koegura::capture {

namespace {

constexpr std::size_t kFileHeaderSize = 24;
constexpr std::size_t kRecordHeaderSize = 16;
constexpr std::size_t kModifiedRecordHeaderSize = 24;

struct PcapVariant {
  std::uint32_t magic;  // as a little-endian machine writes it
  std::uint32_t ns_per_tick;
  std::size_t record_header_size;
};

constexpr PcapVariant kVariants[] = {
    {0xA1B2C3D4, 1000, kRecordHeaderSize},
    {0xA1B23C4D, 1, kRecordHeaderSize},
    {0xA1B2CD34, 1000, kModifiedRecordHeaderSize},
};

struct PcapFormat {
  PcapVariant variant;
  ByteOrder order;
};

std::optional<PcapFormat> format_of(std::uint32_t magic_in_network_order) {
  std::byte magic[4];
  store_le32(magic, magic_in_network_order);
  for (const PcapVariant& variant : kVariants) {
    if (variant.magic == magic_in_network_order) return PcapFormat{variant, ByteOrder::kBig};
    if (variant.magic == load_be32(magic)) return PcapFormat{variant, ByteOrder::kLittle};
  }
  return std::nullopt;
}

class PcapReader final : public FrameReader {
 public:
  PcapReader(Window& window, const PcapFormat& format, LinkType link)
      : window_(window), format_(format), link_(link) {}

  Result<std::size_t> read(std::span<Frame> burst) override {
    return fill_burst(*this, window_, packets_, burst);
  }

  Parsed parse(Frame& frame) {
    const Bytes rest = window_.rest();
    const std::size_t header_size = format_.variant.record_header_size;
    if (rest.size() < header_size) return {Parsed::Kind::kMore, header_size};
    const std::byte* at = rest.data();
    const std::size_t captured = load32(at + 8, format_.order);
    if (captured > kMaxCaptured) return {Parsed::Kind::kDamage};
    const std::size_t size = header_size + captured;
    if (rest.size() < size) return {Parsed::Kind::kMore, size};
    const std::int64_t seconds = load32(at, format_.order);
    const std::int64_t ticks = load32(at + 4, format_.order);
    frame.time = from_unix_ns(seconds * 1'000'000'000 + ticks * format_.variant.ns_per_tick);
    frame.bytes = rest.subspan(header_size, captured);
    frame.wire_length = load32(at + 12, format_.order);
    frame.link = link_;
    frame.interface = 0;
    window_.take(size);
    return {Parsed::Kind::kFrame};
  }

  [[nodiscard]] std::string damage() const {
    return "damaged at " + window_.describe(window_.offset()) + ": a packet of " +
           std::to_string(load32(window_.rest().data() + 8, format_.order)) + " bytes";
  }

 private:
  Window& window_;
  PcapFormat format_;
  LinkType link_;
  std::uint64_t packets_ = 0;
};

}  // namespace

bool is_pcap_magic(std::uint32_t magic) {
  return format_of(magic).has_value();
}

Result<std::unique_ptr<FrameReader>> open_pcap(Window& window) {
  const auto there = window.fill(kFileHeaderSize);
  if (!there) return tl::make_unexpected(there.error());
  const Bytes header = window.rest();
  if (!*there) {
    return failure("cut off at " + window.describe(header.size()) + " within the file header");
  }
  const auto format = format_of(load_be32(header.data()));
  // The upper half holds the length of the frame check sequence, which the IP length cuts off.
  const auto number = static_cast<std::uint16_t>(load32(header.data() + 20, format->order));
  const LinkType link = link_type_of(number);
  if (!is_known(link)) {
    return failure("link type " + std::to_string(number) +
                   " is not one that koegura reads; capture on an Ethernet or \"any\" interface");
  }
  window.take(kFileHeaderSize);
  return std::make_unique<PcapReader>(window, *format, link);
}

}  // namespace koegura::capture
