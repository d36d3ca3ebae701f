// Which port is meant, and what there is when none is.
#include <rte_dev.h>
#include <rte_ethdev.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>

#include "capture/folder_entries.h"
#include "port.h"

namespace koegura::capture {

namespace {

namespace fs = std::filesystem;

std::string port_name(std::uint16_t id) {
  std::array<char, RTE_ETH_NAME_MAX_LEN> name{};
  return rte_eth_dev_get_name_by_port(id, name.data()) == 0 ? name.data() : std::to_string(id);
}

std::vector<std::uint16_t> all_ports() {
  std::vector<std::uint16_t> ports;
  for (std::uint16_t id = 0; id < RTE_MAX_ETHPORTS; ++id) {
    if (rte_eth_dev_is_valid_port(id) != 0) ports.push_back(id);
  }
  return ports;
}

std::optional<std::uint16_t> find_port(const std::string& name) {
  std::uint16_t id = 0;
  const char* end = name.data() + name.size();
  const auto number = std::from_chars(name.data(), end, id);
  if (number.ec == std::errc() && number.ptr == end) {
    return rte_eth_dev_is_valid_port(id) != 0 ? std::optional(id) : std::nullopt;
  }
  if (rte_eth_dev_get_port_by_name(name.c_str(), &id) == 0) return id;
  // A PCI address as lspci shows it, without the domain.
  const std::string whole = "0000:" + name;
  return rte_eth_dev_get_port_by_name(whole.c_str(), &id) == 0 ? std::optional(id) : std::nullopt;
}

// "0000:01:00.0 (ixgbe)": the network cards on the PCI bus, and who drives them.
std::string network_cards() {
  std::string cards;
  for_each_entry("/sys/bus/pci/devices", [&](const fs::directory_entry& device) {
    std::string type;
    std::ifstream(device.path() / "class") >> type;
    if (!type.starts_with("0x02")) return;  // network controllers
    std::error_code error;
    const std::string driver = fs::read_symlink(device.path() / "driver", error).filename();
    cards += (cards.empty() ? "" : ", ") + device.path().filename().string() + " (" +
             (driver.empty() ? "no driver" : driver) + ')';
  });
  return cards;
}

}  // namespace

std::string present_ports() {
  std::string text;
  for (const std::uint16_t id : all_ports()) {
    text += (text.empty() ? "" : ", ") + std::to_string(id) + " (" + port_name(id) + ')';
  }
  return text;
}

std::vector<std::string> wanted_devices(const std::vector<std::string>& arguments) {
  constexpr std::string_view kOption = "--vdev";
  std::vector<std::string> devices;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view device = arguments[i];
    if (device == kOption && i + 1 < arguments.size()) {
      device = arguments[++i];
    } else if (device.starts_with(kOption) && device.substr(kOption.size()).starts_with('=')) {
      device.remove_prefix(kOption.size() + 1);
    } else {
      continue;
    }
    if (device.starts_with("net_")) devices.emplace_back(device);
  }
  return devices;
}

Result<std::vector<std::uint16_t>> find_ports(const std::vector<std::string>& names,
                                              const std::vector<std::string>& wanted) {
  for (const std::string& device : wanted) {
    if (!find_port(device.substr(0, device.find(',')))) {
      return failure("the device '" + device + "' could not be made");
    }
  }
  std::vector<std::uint16_t> ports = all_ports();
  if (ports.empty()) {
    const std::string cards = network_cards();
    return failure(
        "DPDK has found no port. A card must be bound to vfio-pci (package dpdk: dpdk-devbind.py "
        "--status, then "
        "dpdk-devbind.py --bind=vfio-pci ADDRESS); network cards here: " +
        (cards.empty() ? "none" : cards) +
        ". An interface of the kernel can be read with '-- --vdev=net_af_packet0,iface=NAME'");
  }
  if (names.empty()) return ports;
  ports.clear();
  for (const std::string& name : names) {
    const auto port = find_port(name);
    if (!port) {
      return failure("there is no DPDK port '" + name + "'; there are: " + present_ports(),
                     ErrorKind::kUsage);
    }
    if (std::find(ports.begin(), ports.end(), *port) != ports.end()) {
      return failure("DPDK port '" + name + "' is named twice", ErrorKind::kUsage);
    }
    ports.push_back(*port);
  }
  return ports;
}

Port::Port(std::uint16_t id) : id_(id), name_(port_name(id)) {}

}  // namespace koegura::capture
