// In a network namespace of its own, with real interfaces. Needs root and ip(8).
#include "interface_facts.h"

#include <doctest/doctest.h>
#include <sched.h>

#include <cstdio>
#include <cstdlib>

namespace koegura::tools {
namespace {

bool runs(const char* command) {
  return std::system(command) == 0;  // NOLINT(cert-env33-c): the test's own words
}

// This process moves into a namespace with a veth pair, koe0 and koe1. False where it may not.
bool in_own_network() {
  static const bool made = unshare(CLONE_NEWNET) == 0 &&
                           runs(
                               "ip link add koe0 type veth peer name koe1 && "
                               "sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 2>/dev/null; "
                               "ip link set koe0 mtu 1400 && ip link set koe1 up");
  if (!made) std::puts("skipped: making interfaces needs root and ip(8)");
  return made;
}

InterfaceFacts facts_of(const std::string& name) {
  const auto all = all_interfaces();
  REQUIRE_MESSAGE(all, (all ? "" : all.error().message));
  return pick(*all, {name}).front();
}

TEST_CASE("an interface that is down, one whose far end is, and one that is not there") {
  if (!in_own_network()) return;
  const InterfaceFacts down = facts_of("koe0");
  CHECK(down.exists);
  CHECK_FALSE(down.up);
  CHECK_FALSE(down.physical);
  CHECK(down.mtu == 1400);
  CHECK(down.driver == "veth");
  CHECK(down.promiscuity == 0);
  const InterfaceFacts alone = facts_of("koe1");
  CHECK(alone.up);
  CHECK_FALSE(alone.carrier);
  const InterfaceFacts absent = facts_of("koe2");
  CHECK(absent.name == "koe2");
  CHECK_FALSE(absent.exists);
}

TEST_CASE("carrier, promiscuity, an address, offloads and counters are seen as they change") {
  if (!in_own_network()) return;
  REQUIRE(runs("ip link set koe0 up promisc on && ip addr add 192.0.2.7/24 dev koe0"));
  const InterfaceFacts up = facts_of("koe0");
  CHECK(up.up);
  CHECK(up.carrier);
  CHECK(up.promiscuity == 1);
  REQUIRE(up.addresses.size() == 1);
  CHECK(up.addresses[0] == "192.0.2.7");
  CHECK(up.speed_mbps.value_or(0) == 10'000);  // veth says so
  CHECK(up.lro == std::optional(false));
  CHECK(up.gro.has_value());
  CHECK_FALSE(up.receive_ring.has_value());

  const std::uint64_t before = facts_of("koe1").received;
  // ARP for a neighbour that is not there
  REQUIRE(
      runs("ip neigh flush dev koe0; "
           "(echo > /dev/udp/192.0.2.9/9) 2>/dev/null || bash -c 'echo > /dev/udp/192.0.2.9/9'"));
  CHECK(facts_of("koe0").sent > up.sent);
  CHECK(facts_of("koe1").received > before);
  REQUIRE(runs("ip addr flush dev koe0 && ip link set koe0 promisc off"));
  CHECK(facts_of("koe0").addresses.empty());
  CHECK(facts_of("koe0").promiscuity == 0);
}

TEST_CASE("interfaces come in the order they were asked for") {
  if (!in_own_network()) return;
  const auto all = all_interfaces();
  REQUIRE(all);
  const auto picked = pick(*all, {"koe1", "lo", "koe0"});
  REQUIRE(picked.size() == 3);
  CHECK(picked[0].name == "koe1");
  CHECK(picked[1].name == "lo");
  CHECK(picked[1].exists);
  CHECK(picked[2].name == "koe0");
}

}  // namespace
}  // namespace koegura::tools
