// The whole of capture, from the frame to the spool: nanoseconds a packet for some numbers of
// concurrent G.711 streams. The cost must stay flat as they grow.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "../capture/packet_builder.h"
#include "capture/capture.h"

namespace koegura::capture {
namespace {

class Discard final : public CallSink {
 public:
  void take(FinishedCall /*call*/) override {}
};

// One packet of each stream, 42 bytes of headers before the RTP as on any Ethernet.
class Streams {
 public:
  explicit Streams(unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      test::Writer rtp;
      rtp.u8(0x80).u8(0).u16(0).u32(0).u32(i).zeros(160);
      char source[32];
      std::snprintf(source, sizeof source, "10.%u.%u.1:4000", i >> 8U & 0xFFU, i & 0xFFU);
      frames_.push_back(test::ethernet(test::udp(source, "192.0.2.9:6000", Bytes(rtp.octets()))));
    }
    burst_.resize(count);
  }

  // The next packet of every stream, 20 ms after the last.
  std::span<const Frame> next() {
    ++sequence_;
    time_ += std::chrono::milliseconds(20);
    for (std::size_t i = 0; i < frames_.size(); ++i) {
      std::byte* rtp = frames_[i].data() + 42;
      rtp[2] = static_cast<std::byte>(sequence_ >> 8U);
      rtp[3] = static_cast<std::byte>(sequence_);
      const std::uint32_t timestamp = sequence_ * 160;
      for (unsigned k = 0; k < 4; ++k) {
        rtp[4 + k] = static_cast<std::byte>(timestamp >> (24U - 8U * k));
      }
      burst_[i] = test::frame(frames_[i], LinkType::kEthernet, time_);
    }
    return burst_;
  }

 private:
  std::vector<test::Octets> frames_;
  std::vector<Frame> burst_;
  std::uint32_t sequence_ = 0;
  Timestamp time_ = from_unix_ns(1'800'000'000'000'000'000);
};

void frame_to_spool(benchmark::State& state) {
  const auto count = static_cast<unsigned>(state.range(0));
  std::string folder = (std::filesystem::temp_directory_path() / "koegura-bench-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return state.SkipWithError("no temporary folder");
  {
    auto spool = Spool::open(folder, {});
    if (!spool) return state.SkipWithError(spool.error().message.c_str());
    Discard sink;
    const auto capture = Capture::create({}, **spool, sink);
    Streams streams(count);
    for (auto _ : state) capture->on_frames(streams.next());
    state.SetItemsProcessed(state.iterations() * count);
    state.counters["ns/packet"] =
        benchmark::Counter(static_cast<double>(state.iterations()) * count * 1e-9,
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  }
  std::filesystem::remove_all(folder);
}
// Bounded: every packet is written to disk.
BENCHMARK(frame_to_spool)->Arg(100)->Iterations(10'000);
BENCHMARK(frame_to_spool)->Arg(2'000)->Iterations(500);
BENCHMARK(frame_to_spool)->Arg(10'000)->Iterations(100);

}  // namespace
}  // namespace koegura::capture

BENCHMARK_MAIN();
