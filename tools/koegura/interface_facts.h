// InterfaceFacts: what the kernel knows of a network interface, asked by netlink and ethtool's
// ioctls: no external program, and no sysfs, which shows another network namespace's interfaces.
//
// Threads: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/error.h"

namespace koegura::tools {

struct RingSize {
  std::uint32_t now = 0;
  std::uint32_t most = 0;  // that the card can
};

// What a driver does not tell is absent.
struct InterfaceFacts {
  std::string name;
  bool exists = false;
  bool physical = false;  // a device stands behind it: not a bridge, veth or tunnel
  bool up = false;
  bool carrier = false;
  std::optional<std::uint32_t> speed_mbps;
  std::string driver;
  std::uint32_t mtu = 0;
  std::uint32_t promiscuity = 0;  // how many asked for it
  std::optional<RingSize> receive_ring;
  std::optional<bool> gro;
  std::optional<bool> lro;
  std::vector<std::string> addresses;  // "192.0.2.7", "fe80::1"
  // Since the driver was loaded.
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
  std::uint64_t errors = 0;  // damaged frames
  std::uint64_t missed = 0;  // the card had no buffer left
};

// Every interface of this network namespace, in the kernel's order.
[[nodiscard]] Result<std::vector<InterfaceFacts>> all_interfaces();
// Those named, in the order of the names; one that is not there has exists == false.
[[nodiscard]] std::vector<InterfaceFacts> pick(const std::vector<InterfaceFacts>& all,
                                               const std::vector<std::string>& names);

}  // namespace koegura::tools
