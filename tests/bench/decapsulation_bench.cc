// What a frame costs on its way to a packet: the ordinary frame of a mirror port, the layers that
// carriers put around it, fragments, and the file source before it all. Time is per frame.
#include <benchmark/benchmark.h>

#include <array>
#include <vector>

#include "../capture/packet_builder.h"
#include "capture/capture_file.h"
#include "capture/decapsulation.h"
#include "capture/pcapng.h"

namespace {

using namespace koegura;
using namespace koegura::capture;
using namespace koegura::capture::test;

constexpr std::string_view kFrom = "10.0.0.1:40000";
constexpr std::string_view kTo = "10.0.0.2:40002";
const std::string kRtp(172, 'x');  // 20 ms of G.711

void decapsulate(benchmark::State& state, const std::vector<Octets>& frames) {
  Accounting accounting;
  const auto decapsulation = Decapsulation::create({}, accounting);
  Packet packet;
  std::size_t next = 0;
  for ([[maybe_unused]] auto _ : state) {
    bool whole = decapsulation->on_frame(frame(frames[next]), packet);
    benchmark::DoNotOptimize(whole);
    benchmark::DoNotOptimize(packet);
    next = next + 1 == frames.size() ? 0 : next + 1;
  }
  state.SetItemsProcessed(state.iterations());
}

void ethernet_ipv4_udp(benchmark::State& state) {
  decapsulate(state, {ethernet(udp(kFrom, kTo, kRtp))});
}
BENCHMARK(ethernet_ipv4_udp);

void ethernet_vlan_ipv6_udp(benchmark::State& state) {
  decapsulate(state, {ethernet(vlan(5, udp("[2001:db8::1]:4000", "[2001:db8::2]:4002", kRtp)))});
}
BENCHMARK(ethernet_vlan_ipv6_udp);

void qinq_ip_in_ip(benchmark::State& state) {
  IpFields fields;
  fields.protocol = 4;
  const Carried tunnel =
      ip(IpAddress::v4(1), IpAddress::v4(2), fields, udp(kFrom, kTo, kRtp).bytes);
  decapsulate(state, {ethernet(vlan(7, vlan(5, tunnel), 0x88A8))});
}
BENCHMARK(qinq_ip_in_ip);

void two_fragments_a_datagram(benchmark::State& state) {
  std::vector<Octets> frames;
  for (std::uint32_t id = 0; id < 512; ++id) {
    for (const Carried& piece : fragments(kFrom, kTo, std::string(2000, 'x'), 1480, id)) {
      frames.push_back(ethernet(piece));
    }
  }
  decapsulate(state, frames);
}
BENCHMARK(two_fragments_a_datagram);

// 16 MiB of frames out of memory: what the file source adds to read(2).
void read_pcapng(benchmark::State& state) {
  const Octets one = ethernet(udp(kFrom, kTo, kRtp));
  Octets file = pcapng_preamble(LinkType::kEthernet);
  Octets block(enhanced_packet_size(one.size()));
  write_enhanced_packet(block.data(), from_unix_ns(1), one);
  while (file.size() < (16U << 20U)) file.insert(file.end(), block.begin(), block.end());

  std::array<Frame, 256> burst;
  std::int64_t frames = 0;
  for ([[maybe_unused]] auto _ : state) {
    const auto source = open_capture_bytes(file, "memory");
    while (true) {
      const auto filled = (*source)->read(burst);
      if (!filled || *filled == 0) break;
      frames += static_cast<std::int64_t>(*filled);
      benchmark::DoNotOptimize(burst);
    }
  }
  state.SetItemsProcessed(frames);
}
BENCHMARK(read_pcapng)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
