// FrameReader: a capture file's format: frames out of the window.
#pragma once

#include <memory>
#include <string>

#include "capture/error.h"
#include "capture/frame.h"
#include "window.h"

namespace koegura::capture {

class FrameReader {
 public:
  virtual ~FrameReader() = default;
  // As PacketSource::read.
  [[nodiscard]] virtual Result<std::size_t> read(std::span<Frame> burst) = 0;
};

// Both begin at the file's first byte, whose magic the caller has recognised.
// REQUIRES: window outlives the reader.
[[nodiscard]] Result<std::unique_ptr<FrameReader>> open_pcap(Window& window);
[[nodiscard]] Result<std::unique_ptr<FrameReader>> open_pcapng(Window& window);

// The first four bytes in network order.
[[nodiscard]] bool is_pcap_magic(std::uint32_t magic);
[[nodiscard]] bool is_pcapng_magic(std::uint32_t magic);

// The link type that a number in a file means: some writers left the number that their own system's
// libpcap has for raw IP.
[[nodiscard]] LinkType link_type_of(std::uint16_t number);
[[nodiscard]] bool is_known(LinkType link);

// One packet of more than this is damage; libpcap's own limit.
inline constexpr std::size_t kMaxCaptured = 262144;

// What a format found at the front of the window.
struct Parsed {
  enum class Kind : std::uint8_t { kFrame, kNoFrame, kMore, kSkip, kDamage };
  Kind kind = Kind::kFrame;
  std::size_t size = 0;  // kMore: bytes the window must have; kSkip: bytes to pass over
};

// Fills a burst. Parser has parse(Frame&), which takes from the window what it has dealt with
// (kFrame, kNoFrame) and nothing otherwise, and damage(), the sentence about kDamage.
// A burst ends where the window must be refilled, because its frames are views into it.
template <typename Parser>
Result<std::size_t> fill_burst(Parser& parser, Window& window, std::uint64_t& packets,
                               std::span<Frame> burst) {
  std::size_t filled = 0;
  while (filled < burst.size()) {
    const Parsed parsed = parser.parse(burst[filled]);
    if (parsed.kind == Parsed::Kind::kFrame) ++filled;
    if (parsed.kind == Parsed::Kind::kFrame || parsed.kind == Parsed::Kind::kNoFrame) continue;
    if (filled > 0) break;  // the next call finds the same again
    const std::string read_before =
        "; the " + std::to_string(packets) + " packets before it were read";
    if (parsed.kind == Parsed::Kind::kDamage) return failure(parser.damage() + read_before);
    const auto there =
        parsed.kind == Parsed::Kind::kMore ? window.fill(parsed.size) : window.skip(parsed.size);
    if (!there) return tl::make_unexpected(Error{there.error().message + read_before});
    if (*there) continue;
    if (parsed.kind == Parsed::Kind::kMore && window.rest().empty()) return std::size_t{0};
    return failure("cut off at " + window.describe(window.offset() + window.rest().size()) +
                   " within a packet" + read_before);
  }
  packets += filled;
  return filled;
}

}  // namespace koegura::capture
