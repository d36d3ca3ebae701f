// What read() of a DPDK queue costs a frame, beside a source that only points at frames in memory.
// net_null makes its frames up (an mbuf from the pool each); net_ring hands over mbufs that are
// there, as a card does. No card, no hugepages.
#include <benchmark/benchmark.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <vector>

#include "../capture/packet_builder.h"
#include "capture/dpdk.h"

namespace koegura::capture {
namespace {

constexpr std::size_t kBurst = 256;
constexpr unsigned kFrameSize = 214;  // G.711, 20 ms

// The least that a source can do.
class Pointing final : public PacketSource {
 public:
  Result<std::size_t> read(std::span<Frame> burst) override {
    for (Frame& frame : burst) frame = test::frame(bytes_);
    return burst.size();
  }
  [[nodiscard]] SourceProgress progress() const override { return {}; }
  [[nodiscard]] std::string name() const override { return "memory"; }

 private:
  test::Octets bytes_ = test::Octets(kFrameSize);
};

// EAL starts once a process, so all of them share it.
struct Ports {
  std::unique_ptr<DpdkPorts> owner;
  std::vector<std::vector<std::unique_ptr<PacketSource>>> lanes;

  Ports() {
    auto opened =
        open_dpdk({"net_null0", "net_ring0"},
                  {"--no-huge", "--no-pci", "-m512",
                   "--vdev=net_null0,size=" + std::to_string(kFrameSize), "--vdev=net_ring0"},
                  "", {});
    if (!opened) {
      std::fprintf(stderr, "%s\n", opened.error().message.c_str());
      return;
    }
    owner = std::move(*opened);
    lanes = owner->lanes();
  }
};
PacketSource* source(std::size_t port) {
  static const Ports ports;
  return ports.owner ? ports.lanes[0][port].get() : nullptr;
}

void show_cost(benchmark::State& state, std::size_t frames) {
  state.SetItemsProcessed(static_cast<std::int64_t>(frames));
  state.counters["ns/frame"] =
      benchmark::Counter(static_cast<double>(frames) * 1e-9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// Reads, and looks at the first byte of each frame as decapsulation would.
std::size_t read_and_touch(PacketSource& from, std::span<Frame> burst) {
  const std::size_t count = from.read(burst).value_or(0);
  for (std::size_t i = 0; i < count; ++i) benchmark::DoNotOptimize(burst[i].bytes[0]);
  return count;
}

void read_all_the_time(benchmark::State& state, PacketSource* from) {
  if (from == nullptr) return state.SkipWithError("DPDK does not start");
  std::array<Frame, kBurst> burst;
  std::size_t frames = 0;
  for (auto _ : state) frames += read_and_touch(*from, burst);
  show_cost(state, frames);
}
void memory(benchmark::State& state) {
  Pointing pointing;
  read_all_the_time(state, &pointing);
}
BENCHMARK(memory);
void net_null(benchmark::State& state) {
  read_all_the_time(state, source(0));
}
BENCHMARK(net_null);

// The ring is filled while the clock stands.
void net_ring(benchmark::State& state) {
  PacketSource* from = source(1);
  if (from == nullptr) return state.SkipWithError("DPDK does not start");
  rte_ring* ring = rte_ring_lookup("ETH_RXTX0_net_ring0");
  static rte_mempool* const pool =
      rte_pktmbuf_pool_create("fed", 8191, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
  if (ring == nullptr || pool == nullptr) return state.SkipWithError("no ring, or no memory");
  std::array<Frame, kBurst> burst;
  std::array<rte_mbuf*, 2 * kBurst> fed;
  std::size_t frames = 0;
  for (auto _ : state) {
    if (rte_pktmbuf_alloc_bulk(pool, fed.data(), fed.size()) != 0) break;
    for (rte_mbuf* mbuf : fed) rte_pktmbuf_append(mbuf, kFrameSize);
    rte_ring_enqueue_bulk(ring, reinterpret_cast<void**>(fed.data()), fed.size(), nullptr);
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t left = fed.size(); left != 0;) left -= read_and_touch(*from, burst);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    state.SetIterationTime(took.count());
    frames += fed.size();
    (void)from->read(burst);  // gives the last burst's mbufs back
  }
  show_cost(state, frames);
}
BENCHMARK(net_ring)->UseManualTime();

}  // namespace
}  // namespace koegura::capture

BENCHMARK_MAIN();
