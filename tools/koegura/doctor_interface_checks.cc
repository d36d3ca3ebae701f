#include <utility>

#include "doctor_checks.h"
#include "hearing.h"
#include "quantity_text.h"
#include "text_width.h"

namespace koegura::tools {

namespace {

constexpr std::uint32_t kGigabit = 1000;
constexpr std::uint32_t kEthernetMtu = 1500;

Check check_link(const InterfaceFacts& facts) {
  const std::string& name = facts.name;
  Check check{.id = "link", .subject = name, .verdict = Verdict::kProblem, .what = {}};
  if (!facts.exists) {
    check.what = "there is no such interface";
    check.advice = "ip -br link lists those there are; one that DPDK has taken is not among them";
  } else if (!facts.up) {
    check.what = "is down";
    check.advice = "ip link set " + name + " up, and in the network's settings, so that it stays";
  } else if (!facts.carrier) {
    check.what = "is up, but has no carrier";
    check.advice =
        "look at the cable and the SFP; the switch's port may be shut down (Cisco: no shutdown, "
        "show interface status)";
  } else if (facts.speed_mbps && *facts.speed_mbps < kGigabit) {
    check.verdict = Verdict::kNotice;
    check.what = "runs at " + count_text(*facts.speed_mbps) + " Mb/s";
    check.advice =
        "what the mirrored ports carry beyond that is lost in the switch, where nothing counts "
        "it: use a gigabit port, and autonegotiation at both ends";
  } else {
    check.verdict = Verdict::kOk;
    check.what = "up, " +
                 (facts.speed_mbps ? count_text(*facts.speed_mbps) + " Mb/s"
                                   : std::string("speed not told")) +
                 (facts.driver.empty() ? "" : ", driver " + printable(facts.driver));
  }
  return check;
}

Check check_passive(const InterfaceFacts& facts) {
  const std::string& name = facts.name;
  Check check{.id = "passive", .subject = name, .what = {}};
  if (!facts.addresses.empty()) {
    check.verdict = Verdict::kProblem;
    check.what = "has an address (" + joined(facts.addresses) +
                 "): the system answers and announces itself on the mirror port";
    check.advice = "ip addr flush dev " + name + "; sysctl -w net.ipv6.conf." + name +
                   ".disable_ipv6=1; ip link set " + name + " arp off multicast off";
  } else if (facts.sent > 0) {
    check.verdict = Verdict::kNotice;
    check.what =
        "has no address, but " + plural(facts.sent, "frame") + " left it since the system started";
    check.advice =
        "Koegura cannot send: it was the system, before the address was taken away, or "
        "another program. ip -s link show " +
        name + " shows whether it goes on; IPv6 and LLDP are the usual ones";
  } else {
    check.what = "has no address, and no frame has left it";
  }
  return check;
}

Check check_promiscuous(const InterfaceFacts& facts) {
  Check check{.id = "promiscuous", .subject = facts.name, .what = "promiscuous"};
  if (facts.promiscuity > 0) return check;
  check.verdict = Verdict::kProblem;
  check.what = "is not promiscuous: the card shows only what is sent to the box itself";
  check.advice = "set live.promiscuous = true in koegura.toml, or ip link set " + facts.name +
                 " promisc on; a virtual machine's switch must allow it too";
  return check;
}

Check check_mtu(const InterfaceFacts& facts) {
  Check check{.id = "mtu", .subject = facts.name, .what = "MTU " + count_text(facts.mtu)};
  if (facts.mtu >= kEthernetMtu) return check;
  check.verdict = Verdict::kNotice;
  check.what += ": many cards drop frames that are longer";
  check.advice = "ip link set " + facts.name +
                 " mtu 1600 (9000 where jumbo frames or tunnels such as ERSPAN are mirrored)";
  return check;
}

Check check_ring(const InterfaceFacts& facts) {
  Check check{.id = "ring", .subject = facts.name, .what = "the driver has no ring to size"};
  if (!facts.receive_ring) return check;
  const auto [now, most] = *facts.receive_ring;
  check.what = "receive ring of " + plural(now, "descriptor") + ", the most it can";
  if (now >= most) return check;
  check.verdict = Verdict::kNotice;
  check.what = "receive ring of " + count_text(now) + " of " + plural(most, "descriptor") +
               ": bursts may overrun it";
  check.advice = "ethtool -G " + facts.name + " rx " + std::to_string(most);
  return check;
}

Check check_offloads(const InterfaceFacts& facts) {
  Check check{.id = "offloads", .subject = facts.name, .what = "frames come as they were sent"};
  const bool gro = facts.gro.value_or(false);
  const bool lro = facts.lro.value_or(false);
  if (!gro && !lro) return check;
  check.verdict = Verdict::kNotice;
  check.what = std::string(gro && lro ? "GRO and LRO are" : (gro ? "GRO is" : "LRO is")) +
               " on: TCP segments are merged before they are counted and kept";
  check.advice = "ethtool -K " + facts.name + " gro off lro off";
  return check;
}

Check check_losses(const InterfaceFacts& facts) {
  Check check{.id = "losses", .subject = facts.name, .what = {}};
  const std::uint64_t all = facts.received + facts.missed;
  check.what = "none of " + plural(all, "frame") + " lost or damaged";
  if (facts.missed > 0) {
    const bool audible = facts.missed * kAudibleShare >= all;
    check.verdict = audible ? Verdict::kProblem : Verdict::kNotice;
    check.what = "the card lost " + count_text(facts.missed) + " of " + plural(all, "frame") +
                 " since the system started";
    check.advice = "make its ring as large as it can be (ethtool -g " + facts.name +
                   "); where it is, the CPU of its interrupts is full (/proc/interrupts)";
  } else if (facts.errors > 0) {
    check.verdict = Verdict::kNotice;
    check.what = plural(facts.errors, "frame") + " came damaged since the system started";
    check.advice = "the cable or SFP, or one end without autonegotiation: ethtool -S " + facts.name;
  }
  return check;
}

}  // namespace

std::vector<Check> check_interface(const InterfaceFacts& facts, Interest interest) {
  if (interest == Interest::kFound && !facts.addresses.empty()) {
    return {{.id = "link",
             .subject = facts.name,
             .what = "has an address (" + joined(facts.addresses) +
                     "): taken for the box's own, not for a mirror's"}};
  }
  std::vector<Check> checks = {check_link(facts)};
  if (!facts.exists) return checks;
  checks.push_back(check_passive(facts));
  if (interest == Interest::kRecorded) checks.push_back(check_promiscuous(facts));
  checks.push_back(check_mtu(facts));
  checks.push_back(check_ring(facts));
  checks.push_back(check_offloads(facts));
  checks.push_back(check_losses(facts));
  if (interest != Interest::kFound) return checks;
  // Nobody said that it is to be recorded.
  for (Check& check : checks) {
    if (check.verdict == Verdict::kProblem) check.verdict = Verdict::kNotice;
  }
  return checks;
}

}  // namespace koegura::tools
