// What open_dpdk says when it cannot: what, where, and what to do.
#include <fstream>

#include "dpdk_rig.h"

namespace koegura::capture {
namespace {

using namespace test;

TEST_CASE("an EAL argument that there is not is named") {
  in_own_process([] {
    const std::string message = refusal({}, {"--no-huge", "--no-pci", "--nonsense"});
    REQUIRE(contains(message, "'--nonsense'"));
    REQUIRE(contains(message, "after '--'"));
    REQUIRE_FALSE(contains(message, "Usage"));
  });
  in_own_process([] {
    const std::string message = refusal({}, eal({"--vdev=net_null0", "eth1"}));
    REQUIRE(contains(message, "'eth1' is no EAL argument"));
  });
}

TEST_CASE("a device that cannot be made is named") {
  in_own_process([] {
    const std::string message = refusal({}, eal({"--vdev=net_nothing0"}));
    REQUIRE(contains(message, "net_nothing0"));
  });
  in_own_process([] {
    // EAL goes on with the other one: half a capture is not what was asked for.
    const std::string message =
        refusal({}, eal({"--vdev=net_null0", "--vdev", "net_af_packet0,iface=nothere0"}));
    REQUIRE(contains(message, "'net_af_packet0,iface=nothere0' could not be made"));
    REQUIRE(contains(message, "SIOCGIFINDEX"));  // in the driver's own words
  });
}

TEST_CASE("without a port the message says what there is and how to bind it") {
  in_own_process([] {
    const std::string message = refusal({}, eal({}));
    REQUIRE(contains(message, "dpdk-devbind.py --bind=vfio-pci"));
    REQUIRE(contains(message, "network cards here: "));
    REQUIRE(contains(message, "--vdev=net_af_packet0,iface="));
  });
}

TEST_CASE("a port that there is not is named, and those that there are") {
  for (const char* port : {"7", "net_null7", "01:00.0", "", "99999999999"}) {
    in_own_process([&] {
      const std::string message = refusal({port}, eal({"--vdev=net_null0", "--vdev=net_ring0"}));
      REQUIRE(contains(message, "no DPDK port '" + std::string(port) + "'"));
      REQUIRE(contains(message, "0 (net_null0), 1 (net_ring0)"));
    });
  }
  in_own_process([] {
    REQUIRE(contains(refusal({"0", "net_null0"}, eal({"--vdev=net_null0"})),
                     "'net_null0' is named twice"));
  });
}

TEST_CASE("more queues than a device has are refused with its number") {
  in_own_process([] {
    const std::string message = refusal({}, eal({"--vdev=net_ring0"}), "", small(17));
    REQUIRE(contains(message, "net_ring0"));
    REQUIRE(contains(message, "16 receive queues at most, not 17"));
  });
}

TEST_CASE("buffers that do not fit into the memory are refused with what to change") {
  in_own_process([] {
    DpdkOptions options = small();
    options.buffers = 1'000'000;
    const std::string message = refusal({}, eal({"-m", "64", "--vdev=net_null0"}), "", options);
    REQUIRE(contains(message, "1000000 buffers"));
    REQUIRE(contains(message, "[dpdk] buffers"));
  });
}

TEST_CASE("a filter's mistake is found before DPDK is started") {
  in_own_process([] {
    const std::string message = refusal({}, eal({"--vdev=net_null0"}), "udp prot 5060");
    REQUIRE(contains(message, "udp prot 5060"));
    REQUIRE(open_dpdk({}, eal({"--vdev=net_null0"}), "", small()));
  });
}

TEST_CASE("DPDK starts once a process") {
  in_own_process([] {
    REQUIRE(open_dpdk({}, eal({"--vdev=net_null0"}), "", small()));
    REQUIRE(contains(refusal({}, eal({"--vdev=net_null0"})), "only once"));
  });
}

TEST_CASE("without hugepages the message says how to get some, or to do without") {
  unsigned free_pages = 0;
  std::ifstream("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages") >> free_pages;
  if (free_pages != 0) {
    std::puts("skipped: there are free hugepages");
    return;
  }
  in_own_process([] {
    const std::string message = refusal({}, {"--no-pci", "--vdev=net_null0"});
    REQUIRE(contains(message, "vm.nr_hugepages="));
    REQUIRE(contains(message, "--no-huge"));
  });
}

}  // namespace
}  // namespace koegura::capture
