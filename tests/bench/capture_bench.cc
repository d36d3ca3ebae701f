// The whole of capture, from the frame to the spool: nanoseconds a packet of one core for some
// numbers of concurrent G.711 streams, the disk's share included, and two of its stages by
// themselves. The cost must stay flat as the streams grow.
#include <benchmark/benchmark.h>

#include <time.h>

#include <cstdlib>
#include <cstring>
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

// Time of this thread alone, whatever else the machine does.
double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// G.711 of many streams, 20 ms a packet: each burst is written anew into one small buffer before it
// is measured, as a card or the kernel leaves frames in the cache.
class Streams {
 public:
  explicit Streams(unsigned count) : count_(count) {
    test::Writer rtp;
    rtp.u8(0x80).u8(0).u16(0).u32(0).u32(0).zeros(160);
    frame_ = test::ethernet(test::udp("10.0.0.1:4000", "192.0.2.9:6000", Bytes(rtp.octets())));
    buffer_.resize(kBurst * frame_.size());
    burst_.reserve(kBurst);
  }

  // The next packets, each stream in its turn.
  std::span<const Frame> next() {
    burst_.clear();
    for (std::size_t i = 0; i < kBurst; ++i) {
      const std::span<std::byte> place(buffer_.data() + i * frame_.size(), frame_.size());
      std::memcpy(place.data(), frame_.data(), frame_.size());
      const std::uint32_t timestamp = round_ * 160;
      put(place, kSourceAddress, 0x0A000000U + stream_ * 256U + 1U, 4);
      put(place, kRtp + 2, round_, 2);
      put(place, kRtp + 4, timestamp, 4);
      put(place, kRtp + 8, stream_, 4);
      burst_.push_back(Frame{
          .time = time_, .bytes = place, .wire_length = static_cast<std::uint32_t>(place.size())});
      if (++stream_ < count_) continue;
      stream_ = 0;
      ++round_;
      time_ += std::chrono::milliseconds(20);
    }
    return burst_;
  }
  [[nodiscard]] std::uint32_t round() const { return round_; }

  static constexpr std::size_t kBurst = 256;

 private:
  static constexpr std::size_t kSourceAddress = 14 + 12;
  static constexpr std::size_t kRtp = 14 + 20 + 8;

  static void put(std::span<std::byte> frame, std::size_t at, std::uint32_t value, unsigned size) {
    for (unsigned k = 0; k < size; ++k) {
      frame[at + k] = static_cast<std::byte>(value >> (8U * (size - 1 - k)));
    }
  }

  const unsigned count_;
  test::Octets frame_;
  std::vector<std::byte> buffer_;
  std::vector<Frame> burst_;
  std::uint32_t stream_ = 0;
  std::uint32_t round_ = 1;
  Timestamp time_ = from_unix_ns(1'800'000'000'000'000'000);
};

// A run of 16 KiB holds 66 packets: every stream has written one before the measuring begins.
constexpr std::uint32_t kWarmUp = 70;

template <typename Work>
void measure(benchmark::State& state, Work work) {
  Streams streams(static_cast<unsigned>(state.range(0)));
  while (streams.round() < kWarmUp) work(streams.next());
  for (auto _ : state) {
    const auto burst = streams.next();
    const double begun = cpu_seconds();
    work(burst);
    state.SetIterationTime(cpu_seconds() - begun);
  }
  const double packets = static_cast<double>(state.iterations()) * Streams::kBurst;
  state.counters["ns/packet"] =
      benchmark::Counter(packets * 1e-9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "koegura-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    name_ = name;
  }
  ~Folder() { std::filesystem::remove_all(name_); }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_;
};

void stage_decapsulation(benchmark::State& state) {
  Accounting accounting;
  const auto decapsulation = Decapsulation::create({}, accounting);
  measure(state, [&](std::span<const Frame> burst) {
    for (const Frame& frame : burst) {
      Packet packet;
      benchmark::DoNotOptimize(decapsulation->on_frame(frame, packet));
    }
  });
}

void stage_spool(benchmark::State& state) {
  const Folder folder;
  auto spool = Spool::open(folder.name(), {});
  if (!spool) return state.SkipWithError(spool.error().message.c_str());
  std::vector<SpoolRun> runs(static_cast<std::size_t>(state.range(0)));
  std::size_t next = 0;
  measure(state, [&](std::span<const Frame> burst) {
    for (const Frame& frame : burst) {
      benchmark::DoNotOptimize((*spool)->append(runs[next], frame.time, frame.bytes.subspan(14)));
      next = next + 1 == runs.size() ? 0 : next + 1;
    }
  });
}

void frame_to_spool(benchmark::State& state) {
  const Folder folder;
  auto spool = Spool::open(folder.name(), {});
  if (!spool) return state.SkipWithError(spool.error().message.c_str());
  Discard sink;
  const auto capture = Capture::create({}, **spool, sink);
  measure(state, [&](std::span<const Frame> burst) { capture->on_frames(burst); });
}

// Bounded, as every packet is written to disk.
constexpr int kBursts = 4000;
BENCHMARK(stage_decapsulation)->Arg(2'000)->Iterations(kBursts)->UseManualTime();
BENCHMARK(stage_spool)->Arg(2'000)->Iterations(kBursts)->UseManualTime();
BENCHMARK(frame_to_spool)->Arg(100)->Arg(2'000)->Arg(10'000)->Iterations(kBursts)->UseManualTime();

}  // namespace
}  // namespace koegura::capture

BENCHMARK_MAIN();
