// The spool of a live recorder: what a packet costs the receive thread, beside a memcpy of the same
// bytes in the same run; how many bytes reach the disk for a byte of RTP payload; and how long the
// next start takes to recover a spool full of calls, beside a plain read(2) of the same files.
#include <benchmark/benchmark.h>

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "../capture/packet_builder.h"
#include "capture/capture.h"
#include "capture/spool_folder.h"
#include "capture/tap.h"

namespace koegura::capture {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPayload = 160;  // G.711, 20 ms
constexpr auto kPacketTime = std::chrono::milliseconds(20);
constexpr unsigned kPacketsPerFlush = 50;
constexpr double kMostBytesPerPayload = 1.5;
constexpr std::size_t kBlock = kPayload + 12 + 8 + 20 + 32;  // RTP, UDP, IPv4, pcapng
constexpr auto kPatience = std::chrono::minutes(2);

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "koegura-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    name_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(name_); }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_;
};

class Discard final : public CallSink {
 public:
  void take(FinishedCall call) override { call.keep_packets(); }
};

double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// The disk takes all there is, however slow: what is measured is the receive thread.
constexpr SpoolOptions kOptions{.buffer_bytes = 1U << 30U};

// G.711 both ways of many calls, as IP datagrams.
class Calls {
 public:
  explicit Calls(unsigned count, Timestamp start) : count_(count), time_(start) {
    test::Writer rtp;
    rtp.u8(0x80).u8(0).u16(0).u32(0).u32(0).zeros(kPayload);
    datagram_ = test::udp("10.0.0.1:4000", "192.0.2.9:6000", Bytes(rtp.octets())).bytes;
  }

  // The next packet of stream 0, 1, ..., 2 * count - 1, 0, ...
  Bytes next() {
    const std::uint32_t call = stream_ / 2;
    put(12, address(call, stream_ % 2 == 0), 4);
    put(16, address(call, stream_ % 2 != 0), 4);
    put(20, 10'000, 2);
    put(22, 10'000, 2);
    put(28 + 2, round_, 2);
    put(28 + 4, round_ * 160, 4);
    put(28 + 8, stream_ + 1, 4);
    if (++stream_ == streams()) {
      stream_ = 0;
      ++round_;
      time_ += kPacketTime;
    }
    return datagram_;
  }
  // What begins a call.
  [[nodiscard]] std::array<test::Octets, 2> signalling(std::uint32_t call) const {
    const std::string id = std::to_string(call);
    const std::string head = "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK" + id +
                             "\r\nFrom: <sip:0312345678@a>;tag=f" + id +
                             "\r\nTo: <sip:2301@b>\r\nCall-ID: " + id +
                             "@bench\r\nCSeq: 1 INVITE\r\n"
                             "Content-Type: application/sdp\r\n\r\n";
    const std::string tagged = std::string(head).replace(head.find("@b>"), 3, "@b>;tag=t" + id);
    return {test::udp("192.0.2.1:5060", "192.0.2.2:5060",
                      "INVITE sip:2301@b SIP/2.0\r\n" + head + description(call, true))
                .bytes,
            test::udp("192.0.2.2:5060", "192.0.2.1:5060",
                      "SIP/2.0 200 OK\r\n" + tagged + description(call, false))
                .bytes};
  }
  [[nodiscard]] std::uint32_t streams() const { return 2 * count_; }
  [[nodiscard]] std::uint32_t stream() const { return stream_; }
  [[nodiscard]] std::uint32_t round() const { return round_; }
  [[nodiscard]] Timestamp time() const { return time_; }

 private:
  // 10.x.y.1 is the caller of call xy, 10.x.y.2 the callee.
  static std::uint32_t address(std::uint32_t call, bool caller) {
    return 0x0A000000U + call * 256U + (caller ? 1U : 2U);
  }
  static std::string description(std::uint32_t call, bool caller) {
    const std::string host = "10." + std::to_string(call / 256) + "." + std::to_string(call % 256) +
                             (caller ? ".1" : ".2");
    return "v=0\r\no=- 1 1 IN IP4 " + host + "\r\ns=-\r\nc=IN IP4 " + host +
           "\r\nt=0 0\r\nm=audio 10000 RTP/AVP 0\r\n";
  }
  void put(std::size_t at, std::uint32_t value, unsigned size) {
    for (unsigned k = 0; k < size; ++k) {
      datagram_[at + k] = static_cast<std::byte>(value >> (8U * (size - 1 - k)));
    }
  }

  const unsigned count_;
  test::Octets datagram_;
  std::uint32_t stream_ = 0;
  std::uint32_t round_ = 1;
  Timestamp time_;
};

// Where a plain copy of the packets would go: as many buffers, of the size of a run.
class Copies {
 public:
  explicit Copies(std::size_t streams) : used_(streams), bytes_(streams * kOptions.run_bytes) {}
  void append(std::size_t stream, Bytes ip) {
    if (used_[stream] + ip.size() > kOptions.run_bytes) used_[stream] = 0;
    std::memcpy(bytes_.data() + stream * kOptions.run_bytes + used_[stream], ip.data(), ip.size());
    used_[stream] += ip.size();
  }

 private:
  std::vector<std::size_t> used_;
  std::vector<std::byte> bytes_;
};

struct Burst {
  explicit Burst(std::size_t size) : packets(size) {}
  // Written anew before it is measured, as the kernel leaves packets in the cache.
  void fill(Calls& calls) {
    stream = calls.stream();
    time = calls.time();
    for (test::Octets& packet : packets) {
      const Bytes next = calls.next();
      packet.assign(next.begin(), next.end());
    }
  }
  std::vector<test::Octets> packets;
  std::uint32_t stream = 0;  // of the first
  Timestamp time;
};

void release_all(Spool& spool, std::vector<SpoolRun>& runs, void (*let_go)(std::vector<RunHold>)) {
  for (SpoolRun& run : runs) {
    SpooledPackets packets = spool.take(run);
    run.packets = {};
    let_go(std::move(packets.runs()));
  }
}

// A recorder with as many calls has half a second in memory, on average.
constexpr std::uint64_t kMostAhead = 32U << 20U;

// The writer has left to write no more than so many bytes of the RTP packets taken so far.
bool wait_for_writer(const Spool& spool, std::uint64_t bytes) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (SpoolStats now = spool.stats(); now.bytes_written + bytes < now.packets * kBlock;
       now = spool.stats()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

void append(benchmark::State& state) {
  const Folder folder;
  auto spools = SpoolFolder::open(folder.name(), kOptions);
  if (!spools) return state.SkipWithError(spools.error().message.c_str());
  auto spool = (*spools)->make_spool("rx0");
  Calls calls(static_cast<unsigned>(state.range(0)), std::chrono::system_clock::now());
  std::vector<SpoolRun> runs(calls.streams());
  Copies copies(calls.streams());
  Burst burst(250);
  double spooling = 0;
  double copying = 0;
  std::uint64_t refused = 0;
  std::uint32_t flushed = 0;
  const double others = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - seconds_of(CLOCK_THREAD_CPUTIME_ID);
  for (auto _ : state) {
    burst.fill(calls);
    const double begun = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    for (std::size_t i = 0; i < burst.packets.size(); ++i) {
      SpoolRun& run = runs[(burst.stream + i) % runs.size()];
      refused += spool->append(run, burst.time, burst.packets[i]) ? 0 : 1;
    }
    if (calls.round() / kPacketsPerFlush != flushed) {
      flushed = calls.round() / kPacketsPerFlush;
      for (SpoolRun& run : runs) spool->hand_over(run);
    }
    const double between = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    for (std::size_t i = 0; i < burst.packets.size(); ++i) {
      copies.append((burst.stream + i) % runs.size(), burst.packets[i]);
    }
    const double ended = seconds_of(CLOCK_THREAD_CPUTIME_ID);
    spooling += between - begun;
    copying += ended - between;
    state.SetIterationTime(between - begun);
    // Live, packets come slower than they are written, and memory is used again.
    if (!wait_for_writer(*spool, kMostAhead)) return state.SkipWithError("not written");
  }
  release_all(*spool, runs, release_together);
  if (!wait_for_writer(*spool, 0)) return state.SkipWithError("not written");
  const SpoolStats stats = spool->stats();
  spool.reset();
  (*spools)->close(kPatience);
  const double writing =
      seconds_of(CLOCK_PROCESS_CPUTIME_ID) - seconds_of(CLOCK_THREAD_CPUTIME_ID) - others;
  const auto packets = static_cast<double>(stats.packets);
  const double share =
      static_cast<double>(stats.bytes_written) / (packets * static_cast<double>(kPayload));
  state.counters["ns/packet"] = spooling / packets * 1e9;
  state.counters["writer_ns/packet"] = writing / packets * 1e9;
  state.counters["x_memcpy"] = spooling / copying;
  state.counters["bytes/payload"] = share;
  if (refused != 0) state.SkipWithError("packets were refused");
  if (share > kMostBytesPerPayload) state.SkipWithError("too many bytes on disk");
}

// As a recorder leaves it that dies in the middle of its calls. The packets in it, or 0.
std::uint64_t fill(const std::string& folder, std::uint64_t bytes) {
  constexpr unsigned kCalls = 1000;
  auto spools = SpoolFolder::open(folder, kOptions);
  if (!spools) return 0;
  auto spool = (*spools)->make_spool("rx0");
  const auto rounds = bytes / (2 * kCalls * (kPayload + 72));
  Calls calls(kCalls, std::chrono::system_clock::now() - kPacketTime * (rounds + 10));
  std::vector<SpoolRun> runs(calls.streams());
  std::vector<SpoolRun> signalling(kCalls);
  for (std::uint32_t call = 0; call < kCalls; ++call) {
    for (const test::Octets& message : calls.signalling(call)) {
      if (!spool->append(signalling[call], calls.time(), message)) return 0;
    }
  }
  while (calls.round() <= rounds) {
    const std::uint32_t stream = calls.stream();
    const Timestamp time = calls.time();
    if (!spool->append(runs[stream], time, calls.next())) return 0;
    if (calls.stream() != 0 || calls.round() % kPacketsPerFlush != 0) continue;
    for (SpoolRun& run : runs) spool->hand_over(run);
    if (!wait_for_writer(*spool, kOptions.buffer_bytes / 8)) return 0;
  }
  release_all(*spool, signalling, keep_on_disk);
  release_all(*spool, runs, keep_on_disk);
  const std::uint64_t packets = spool->stats().packets;
  spool.reset();
  return (*spools)->close(kPatience) ? packets : 0;
}

// Of all files in the folder; the bytes.
std::uint64_t read_plainly(const std::string& folder) {
  std::vector<std::byte> buffer(1U << 20U);
  std::uint64_t bytes = 0;
  for (const auto& file : fs::directory_iterator(folder)) {
    const int fd = ::open(file.path().c_str(), O_RDONLY | O_CLOEXEC);
    for (ssize_t got = 1; got > 0; bytes += static_cast<std::uint64_t>(got)) {
      got = std::max<ssize_t>(::read(fd, buffer.data(), buffer.size()), 0);
    }
    ::close(fd);
  }
  return bytes;
}

void recover(benchmark::State& state) {
  const Folder folder;
  const std::uint64_t packets =
      fill(folder.name(), static_cast<std::uint64_t>(state.range(0)) << 20U);
  if (packets == 0) return state.SkipWithError("the spool was not written");
  double reading = 0;
  double recovering = 0;
  std::uint64_t bytes = 0;
  for (auto _ : state) {
    const double begun = seconds_of(CLOCK_MONOTONIC);
    bytes = read_plainly(folder.name());
    const double between = seconds_of(CLOCK_MONOTONIC);
    auto spools = SpoolFolder::open(folder.name(), kOptions);
    if (!spools) return state.SkipWithError(spools.error().message.c_str());
    Discard sink;
    const auto tap = Tap::start({}, **spools, {}, sink);
    while (!tap->snapshot().recovery.is_done) std::this_thread::sleep_for(kPacketTime);
    const double ended = seconds_of(CLOCK_MONOTONIC);
    reading += between - begun;
    recovering += ended - between;
    state.SetIterationTime(ended - between);
    if (tap->snapshot().recovery.packets != packets) state.SkipWithError("packets are missing");
    tap->stop(TapEnd::kKeep);
  }
  state.counters["MB"] = static_cast<double>(bytes) / 1e6;
  state.counters["ns/packet"] = recovering / static_cast<double>(packets) * 1e9;
  state.counters["x_read"] = recovering / reading;
}

// Bounded, as every packet is written to disk.
BENCHMARK(append)->Arg(50)->Arg(1000)->Iterations(4000)->UseManualTime();
BENCHMARK(recover)->Arg(64)->Arg(1024)->Iterations(1)->UseManualTime()->Unit(
    benchmark::kMillisecond);

}  // namespace
}  // namespace koegura::capture

BENCHMARK_MAIN();
