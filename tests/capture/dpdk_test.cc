// DPDK sources on its virtual devices: no card and no hugepages are needed. Each test has its own
// process, as EAL starts once a process.
#include "capture/dpdk.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>
#include <rte_thash.h>
#include <sched.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "capture_file_builder.h"
#include "dpdk/eal.h"
#include "dpdk/rss_key.h"
#include "dpdk_rig.h"

namespace koegura::capture {
namespace {

using namespace test;

Octets sip_frame(unsigned port = 5060) {
  return ethernet(udp("10.0.0.1:" + std::to_string(port), "10.0.0.2:" + std::to_string(port),
                      "OPTIONS sip:a SIP/2.0\r\n\r\n"));
}

// A device that gives what the test puts into its rings. It has one for each queue.
class FedRings {
 public:
  FedRings() : pool_(rte_pktmbuf_pool_create("fed", 1023, 0, 0, 4096, SOCKET_ID_ANY)) {
    REQUIRE(pool_ != nullptr);
  }
  ~FedRings() { rte_mempool_free(pool_); }
  FedRings(const FedRings&) = delete;
  FedRings& operator=(const FedRings&) = delete;

  rte_mbuf* feed(unsigned queue, const Octets& frame, std::uint64_t flags = 0,
                 std::uint16_t vlan = 0) {
    rte_ring* ring = rte_ring_lookup(("ETH_RXTX" + std::to_string(queue) + "_net_ring0").c_str());
    REQUIRE(ring != nullptr);
    rte_mbuf* mbuf = rte_pktmbuf_alloc(pool_);
    REQUIRE(mbuf != nullptr);
    char* room = rte_pktmbuf_append(mbuf, static_cast<std::uint16_t>(frame.size()));
    REQUIRE(room != nullptr);
    std::memcpy(room, frame.data(), frame.size());
    mbuf->ol_flags = flags;
    mbuf->vlan_tci = vlan;
    REQUIRE(rte_ring_enqueue(ring, mbuf) == 0);
    return mbuf;
  }
  [[nodiscard]] unsigned out() const { return rte_mempool_in_use_count(pool_); }

 private:
  rte_mempool* pool_;
};

TEST_CASE("every frame of a file comes through net_pcap, byte by byte, jumbo frames too") {
  const std::string path =
      std::filesystem::temp_directory_path() / ("koegura-dpdk-" + std::to_string(::getpid()));
  std::vector<Octets> sent;
  for (unsigned i = 0; i < 600; ++i) {
    const std::string size = i % 100 == 7 ? std::string(8900, 'j') : std::string(i, 's');
    sent.push_back(ethernet(vlan(5, udp("10.0.0.1:4000", "10.0.0.2:5000", size))));
  }
  PcapBuilder file;
  for (const Octets& frame : sent) file.packet(1, 0, text_of(frame));
  std::ofstream(path, std::ios::binary) << text_of(file.octets());

  in_own_process([&] {
    const auto ports = opened({"net_pcap0"}, eal({"--vdev=net_pcap0,rx_pcap=" + path}));
    const Lanes lanes = ports->lanes();
    REQUIRE(lanes.size() == 1);
    REQUIRE(lanes[0].size() == 1);
    PacketSource& source = *lanes[0][0];
    REQUIRE(source.name() == "dpdk net_pcap0/0");
    REQUIRE(source.wait_handle() == -1);
    const auto heard = hear(source, sent.size());
    REQUIRE(heard.size() == sent.size());
    Timestamp last = heard[0].time;
    for (std::size_t i = 0; i < sent.size(); ++i) {
      REQUIRE(heard[i].bytes == sent[i]);
      REQUIRE(heard[i].wire_length == sent[i].size());
      REQUIRE(heard[i].time >= last);
      last = heard[i].time;
    }
    const auto now = source.now();
    REQUIRE(now);
    REQUIRE(*now >= last);
    REQUIRE(std::chrono::abs(*now - std::chrono::system_clock::now()) < std::chrono::seconds(1));
    REQUIRE(source.losses() == SourceLosses{});
  });
  std::filesystem::remove(path);
}

TEST_CASE("a port has no transmit queue and makes no pause frames") {
  in_own_process([] {
    const auto ports = opened({}, eal({"--vdev=net_null0", "--vdev=net_ring0"}));
    for (std::uint16_t port = 0; port < 2; ++port) {
      rte_eth_dev_info info{};
      REQUIRE(rte_eth_dev_info_get(port, &info) == 0);
      REQUIRE(info.nb_rx_queues == 1);
      REQUIRE(info.nb_tx_queues == 0);
      rte_eth_fc_conf flow_control{};
      const bool has = rte_eth_dev_flow_ctrl_get(port, &flow_control) == 0;
      REQUIRE((!has || flow_control.mode == RTE_ETH_FC_NONE));
      rte_eth_stats stats{};
      REQUIRE(rte_eth_stats_get(port, &stats) == 0);
      REQUIRE(stats.opackets == 0);
    }
  });
}

TEST_CASE("each queue is a lane, read by a thread of its own, and every buffer comes back") {
  in_own_process([] {
    auto ports = opened({"net_ring0"}, eal({"--vdev=net_ring0"}), "", small(2));
    FedRings rings;
    for (unsigned i = 0; i < 100; ++i) {
      rings.feed(0, sip_frame(1000 + i));
      rings.feed(1, sip_frame(2000 + i));
    }
    Lanes lanes = ports->lanes();
    REQUIRE(lanes.size() == 2);
    REQUIRE(lanes[1][0]->name() == "dpdk net_ring0/1");
    // Each source goes with the thread that read it.
    const auto hear_and_close = [](std::unique_ptr<PacketSource> source,
                                   std::vector<Heard>& heard) { heard = hear(*source, 100, 7); };
    std::vector<Heard> first;
    std::vector<Heard> second;
    {
      const std::jthread one([&] { hear_and_close(std::move(lanes[0][0]), first); });
      const std::jthread other([&] { hear_and_close(std::move(lanes[1][0]), second); });
    }
    REQUIRE(first.size() == 100);
    REQUIRE(second.size() == 100);
    for (unsigned i = 0; i < 100; ++i) {
      REQUIRE(first[i].bytes == sip_frame(1000 + i));
      REQUIRE(second[i].bytes == sip_frame(2000 + i));
    }
    REQUIRE(rings.out() == 0);
  });
}

// The hash that a card makes of addresses and ports.
std::uint32_t hash_of(std::uint32_t source, std::uint32_t destination, std::uint32_t ports) {
  std::array<std::uint32_t, 3> tuple = {source, destination, ports};
  return rte_softrss(tuple.data(), tuple.size(), symmetric_rss_key().data());
}

TEST_CASE("a card's hash puts both directions of a flow on one queue, and flows on several") {
  const std::uint32_t there = hash_of(0x0A000001, 0xC0000209, 5060U << 16U | 40000U);
  CHECK(there == hash_of(0xC0000209, 0x0A000001, 40000U << 16U | 5060U));
  CHECK(there != hash_of(0x0A000001, 0xC0000209, 5062U << 16U | 40000U));
  CHECK(there != hash_of(0x0A000002, 0xC0000209, 5060U << 16U | 40000U));
}

TEST_CASE("a VLAN tag that the driver took off is put back") {
  in_own_process([] {
    const auto ports = opened({}, eal({"--vdev=net_ring0"}));
    FedRings rings;
    rings.feed(0, sip_frame(), RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED, 42);
    const Lanes lanes = ports->lanes();
    const auto heard = hear(*lanes[0][0], 1);
    REQUIRE(heard.size() == 1);
    REQUIRE(heard[0].bytes == ethernet(vlan(42, udp("10.0.0.1:5060", "10.0.0.2:5060",
                                                    "OPTIONS sip:a SIP/2.0\r\n\r\n"))));
    REQUIRE(heard[0].wire_length == heard[0].bytes.size());
  });
}

TEST_CASE("the filter lets through what it says") {
  in_own_process([] {
    const auto ports = opened({}, eal({"--vdev=net_ring0"}), "udp port 5060");
    FedRings rings;
    for (unsigned i = 0; i < 500; ++i) rings.feed(0, sip_frame(7000));
    rings.feed(0, sip_frame(5060));
    const Lanes lanes = ports->lanes();
    std::vector<Frame> frames(16);
    // The 500 are no silence: the first read gives the one.
    const auto count = lanes[0][0]->read(frames);
    REQUIRE(count);
    REQUIRE(*count == 1);
    REQUIRE(text_of(frames[0].bytes) == text_of(sip_frame(5060)));
  });
}

TEST_CASE("a filter that refuses everything of a busy port does not hold the reader") {
  in_own_process([] {
    const auto ports = opened({}, eal({"--vdev=net_null0"}), "udp port 5060");
    const Lanes lanes = ports->lanes();
    std::vector<Frame> frames(64);
    const auto count = lanes[0][0]->read(frames);
    REQUIRE(count);
    REQUIRE(*count == 0);
    REQUIRE(lanes[0][0]->progress().done > 0);
  });
}

TEST_CASE("sources that outlive their ports say that they are closed") {
  in_own_process([] {
    auto ports = opened({}, eal({"--vdev=net_null0"}));
    Lanes lanes = ports->lanes();
    std::vector<Frame> frames(64);
    const auto count = lanes[0][0]->read(frames);
    REQUIRE(count);
    REQUIRE(*count == 64);
    ports.reset();
    const auto closed = lanes[0][0]->read(frames);
    REQUIRE_FALSE(closed);
    REQUIRE(contains(closed.error().message, "dpdk net_null0/0"));
    REQUIRE(lanes[0][0]->losses() == SourceLosses{});
  });
}

TEST_CASE("the thread that opens the ports may run where it could before") {
  in_own_process([] {
    cpu_set_t before;
    cpu_set_t after;
    REQUIRE(::sched_getaffinity(0, sizeof before, &before) == 0);
    const auto ports = opened({}, eal({"--vdev=net_null0", "-l", "0"}));
    REQUIRE(::sched_getaffinity(0, sizeof after, &after) == 0);
    REQUIRE(CPU_EQUAL(&before, &after));
  });
}

// Sockets, locks and maps of EAL and of other processes that use it.
std::vector<std::string> runtime_files() {
  std::vector<std::string> files;
  std::error_code none;
  for (const auto& file : std::filesystem::recursive_directory_iterator("/var/run/dpdk", none)) {
    if (!file.is_directory()) files.push_back(file.path());
  }
  return files;
}

TEST_CASE("two may run at once, and nothing stands in the file system for it") {
  const auto before = runtime_files();
  in_own_process([&] {
    const auto ports = opened({}, eal({"--vdev=net_null0"}));
    REQUIRE(runtime_files() == before);
  });
  // Neither knows of the other, which holds its ports meanwhile.
  in_own_process([] {
    in_own_process([] { opened({}, eal({"--vdev=net_null0"})); });
    const auto ports = opened({}, eal({"--vdev=net_null0"}));
  });
  CHECK(runtime_files() == before);
}

TEST_CASE("arguments that the user gives come after ours, and in their place") {
  const auto has = [](const Texts& all, const std::string& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  };
  const Texts plain = complete_arguments({"-a", "01:00.0"}, 300);
  CHECK(plain[plain.size() - 2] == "-a");
  CHECK(has(plain, "--in-memory"));
  CHECK(has(plain, "--no-telemetry"));
  CHECK(has(plain, "--log-level=warning"));
  CHECK_FALSE(has(plain, "-m300"));

  const Texts no_huge = complete_arguments({"--no-huge"}, 300);
  CHECK(has(no_huge, "-m300"));
  CHECK(has(no_huge, "--no-shconf"));
  CHECK_FALSE(has(no_huge, "--in-memory"));

  const Texts own = complete_arguments(
      {"-l", "1", "-m", "64", "--no-huge", "--telemetry", "--log-level=8", "--file-prefix=x"}, 300);
  CHECK(own.size() == 8);
}

}  // namespace
}  // namespace koegura::capture
