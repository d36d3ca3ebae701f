// The file source on any bytes: pcap, pcapng, gzip and zstd. Input: the file.
#include <array>
#include <cstdlib>

#include "capture/capture_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace koegura::capture;
  // A small file can decompress to gigabytes, which proves nothing more.
  constexpr std::size_t kEnough = 1U << 16U;
  const auto source = open_capture_bytes(std::as_bytes(std::span(data, size)), "fuzz");
  if (!source) return 0;
  std::array<Frame, 32> burst;
  std::size_t sum = 0;
  for (std::size_t frames = 0; frames < kEnough;) {
    const auto filled = (*source)->read(burst);
    if (!filled || *filled == 0) {
      const auto again = (*source)->read(burst);
      if (!again || *again != 0) std::abort();  // the end is the end
      break;
    }
    for (const Frame& frame : std::span(burst).first(*filled)) {
      if (frame.time < koegura::Timestamp{}) std::abort();
      for (const std::byte byte : frame.bytes) sum += std::to_integer<std::size_t>(byte);
    }
    frames += *filled;
  }
  return sum == 1 ? 1 : 0;  // so that every byte is really read
}
