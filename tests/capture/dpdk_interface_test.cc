// DPDK on an interface of the kernel (net_af_packet on a veth pair), and on hugepages. The veth
// pair stands in a network namespace that goes with the test's process.
#include <rte_ethdev.h>
#include <sys/ioctl.h>

#include <fstream>
#include <functional>
#include <iostream>

#include "dpdk_rig.h"
#include "veth.h"

namespace koegura::capture {
namespace {

using namespace test;

bool is_promiscuous(const std::string& interface) {
  ifreq request{};
  interface.copy(request.ifr_name, IFNAMSIZ - 1);
  const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
  const int code = ::ioctl(socket, SIOCGIFFLAGS, &request);
  ::close(socket);
  REQUIRE(code == 0);
  return (request.ifr_flags & IFF_PROMISC) != 0;
}

std::vector<Octets> some_frames() {
  std::vector<Octets> frames;
  for (unsigned i = 0; i < 100; ++i) {
    const Carried packet = udp("10.0.0.1:4000", "10.0.0.2:5000", std::string(100 + i, 'x'));
    frames.push_back(ethernet(i % 2 == 0 ? packet : vlan(i, packet)));
  }
  return frames;
}

// Opens the near end, hears what the far end sends, and closes.
void receive(const Veth& wire) {
  const std::vector<Octets> frames = some_frames();
  const WireEnd far(wire, wire.far());
  {
    const auto ports =
        opened({"net_af_packet0"}, eal({"--vdev=net_af_packet0,iface=" + wire.near()}));
    const Lanes lanes = ports->lanes();
    REQUIRE(is_promiscuous(wire.near()));
    for (const Octets& frame : frames) REQUIRE(far.send(frame));
    const auto heard = hear(*lanes[0][0], frames.size());
    REQUIRE(heard.size() == frames.size());
    for (std::size_t i = 0; i < frames.size(); ++i) REQUIRE(heard[i].bytes == frames[i]);
    rte_eth_dev_info info{};
    REQUIRE(rte_eth_dev_info_get(0, &info) == 0);
    REQUIRE(info.nb_tx_queues == 0);
  }
  // Passive: neither on opening, nor on closing, nor in between.
  REQUIRE(far.received() == 0);
  REQUIRE(Veth::sent_through(wire.near()) == 0);
}

// In a network of its own; nothing where that is not possible.
void with_wire(const std::function<void(const Veth&)>& body) {
  in_own_process([&] {
    if (!enter_own_network()) return;
    const Veth wire("koe0");
    REQUIRE(wire.made());
    body(wire);
  });
}

TEST_CASE("an interface is read through net_af_packet, sends nothing, and is left as it was") {
  with_wire([](const Veth& wire) {
    receive(wire);
    REQUIRE_FALSE(is_promiscuous(wire.near()));
  });
}

TEST_CASE("an interface can be opened again at once by the next process") {
  with_wire([](const Veth& wire) {
    for (int i = 0; i < 3; ++i) in_own_process([&] { receive(wire); });
    REQUIRE_FALSE(is_promiscuous(wire.near()));
  });
}

TEST_CASE("an interface that was promiscuous before stays so") {
  with_wire([](const Veth& wire) {
    REQUIRE(shell("ip link set " + wire.near() + " promisc on"));
    in_own_process([&] { receive(wire); });
    REQUIRE(is_promiscuous(wire.near()));
  });
}

// As many as the test needs, for as long as it lives.
class Hugepages {
 public:
  Hugepages() {
    std::ifstream(kSetting) >> before_;
    constexpr unsigned kWanted = 128;
    if (before_ < kWanted) std::ofstream(kSetting) << kWanted;
    std::ifstream("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages") >> free_;
    enough_ = free_ >= kWanted;
  }
  ~Hugepages() { std::ofstream(kSetting) << before_; }
  Hugepages(const Hugepages&) = delete;
  Hugepages& operator=(const Hugepages&) = delete;

  [[nodiscard]] bool enough() const { return enough_; }
  [[nodiscard]] unsigned free_before() const { return free_; }
  [[nodiscard]] static unsigned free_now() {
    unsigned pages = 0;
    std::ifstream("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages") >> pages;
    return pages;
  }

 private:
  static constexpr const char* kSetting = "/proc/sys/vm/nr_hugepages";
  unsigned before_ = 0;
  unsigned free_ = 0;
  bool enough_ = false;
};

TEST_CASE("hugepages are used where there are some, and given back") {
  const Hugepages pages;
  if (!pages.enough()) {
    std::cout << "skipped: no 128 free hugepages of 2 MiB can be had\n";
    return;
  }
  in_own_process([&] {
    auto ports = opened({}, {"--no-pci", "--vdev=net_null0"});
    REQUIRE(Hugepages::free_now() < pages.free_before());
    Lanes lanes = ports->lanes();
    REQUIRE(hear(*lanes[0][0], 1000).size() >= 1000);
    lanes.clear();
    ports.reset();
  });
  CHECK(Hugepages::free_now() == pages.free_before());
  in_own_process([&] {  // also by one that was killed
    auto ports = opened({}, {"--no-pci", "--vdev=net_null0"});
    REQUIRE(Hugepages::free_now() < pages.free_before());
    ::_exit(0);
  });
  CHECK(Hugepages::free_now() == pages.free_before());
}

}  // namespace
}  // namespace koegura::capture
