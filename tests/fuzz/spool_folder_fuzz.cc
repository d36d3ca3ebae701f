// What a start finds in the spool's folder, whatever a power cut made of it. Input: a byte that
// says which file it is: 0 `released`, 1 a segment with nothing released, 2 one with its middle
// released; then the file.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "recovered_spool.h"

namespace {

using namespace koegura::capture;

// Removes nothing.
class Nobody final : public RunKeeper {
 public:
  void let_go(std::span<SpooledRun* const> runs) override {
    for (const SpooledRun* run : runs) delete run;
  }
  void keep(std::vector<RunHold> /*runs*/) override {}
  [[nodiscard]] bool is_closed() const override { return true; }
};

void check_released(std::string_view file) {
  for (const auto& [segment, ranges] : read_released(file)) {
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      if (ranges[i].from >= ranges[i].to) std::abort();
      if (i > 0 && ranges[i - 1].to >= ranges[i].from) std::abort();
    }
  }
}

void check_segment(std::string_view file, std::vector<ByteRange> released) {
  const int memory = ::memfd_create("segment", 0);
  if (memory < 0 || ::write(memory, file.data(), file.size()) < 0) std::abort();
  Nobody nobody;
  {
    RecoveredSegment segment;
    segment.segment =
        SegmentHold(new SpoolSegment("/proc/self/fd/" + std::to_string(memory), 1, &nobody, {}));
    segment.series = "rx0";
    segment.released = released;
    std::vector<RecoveredSegment> segments;
    segments.push_back(std::move(segment));
    RecoveredSpool recovered(std::move(segments));
    std::vector<Frame> burst(16);
    std::uint64_t bytes = 0;
    while (recovered.next_life()) {
      while (const std::size_t size = recovered.read(burst)) {
        for (const Frame& frame : std::span(burst).first(size)) {
          const auto place = recovered.take(frame.bytes);
          if (!place || std::uint64_t{place->offset} + place->length > file.size()) std::abort();
          for (const ByteRange& range : released) {
            if (place->offset >= range.from && place->offset < range.to) std::abort();
          }
          bytes += place->length;
        }
      }
    }
    if (bytes + recovered.stats().damaged_bytes > file.size()) std::abort();
    recovered.finish();
  }
  ::close(memory);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view file(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto middle = static_cast<std::uint32_t>(file.size() / 4 & ~std::size_t{3});
  if (data[0] == 0) check_released(file);
  if (data[0] == 1) check_segment(file, {});
  if (data[0] == 2 && middle != 0) check_segment(file, {{middle, 2 * middle}});
  return 0;
}
