#include "interface_facts.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace koegura::tools {

namespace {

Error system_error(const std::string& what) {
  return {what + ": " + std::strerror(errno)};
}

class Socket {
 public:
  Socket(int family, int type, int protocol) : fd_(socket(family, type | SOCK_CLOEXEC, protocol)) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

// ---- netlink: the links and their counters --------------------------------------------------

// The kernel's structs lie in the answer without alignment of ours.
template <typename T>
T value_of(const rtattr* attribute) {
  T value{};
  std::memcpy(&value, RTA_DATA(attribute), std::min(sizeof value, RTA_PAYLOAD(attribute)));
  return value;
}

void take(InterfaceFacts& facts, const rtattr* attribute) {
  switch (attribute->rta_type) {
    case IFLA_IFNAME:
      facts.name.assign(
          static_cast<const char*>(RTA_DATA(attribute)),
          strnlen(static_cast<const char*>(RTA_DATA(attribute)), RTA_PAYLOAD(attribute)));
      break;
    case IFLA_MTU:
      facts.mtu = value_of<std::uint32_t>(attribute);
      break;
    case IFLA_PROMISCUITY:
      facts.promiscuity = value_of<std::uint32_t>(attribute);
      break;
    case IFLA_PARENT_DEV_NAME:
      facts.physical = true;
      break;
    case IFLA_STATS64: {
      const auto counters = value_of<rtnl_link_stats64>(attribute);
      facts.received = counters.rx_packets;
      facts.sent = counters.tx_packets;
      facts.errors = counters.rx_errors;
      facts.missed = counters.rx_missed_errors + counters.rx_fifo_errors;
      break;
    }
    default:
      break;
  }
}

InterfaceFacts link_of(const nlmsghdr* message) {
  InterfaceFacts facts;
  const auto* info = static_cast<const ifinfomsg*>(NLMSG_DATA(message));
  facts.exists = true;
  facts.up = (info->ifi_flags & IFF_UP) != 0;
  facts.carrier = (info->ifi_flags & IFF_RUNNING) != 0;
  auto left = static_cast<int>(IFLA_PAYLOAD(message));
  for (const rtattr* attribute = IFLA_RTA(info); RTA_OK(attribute, left);
       attribute = RTA_NEXT(attribute, left)) {
    take(facts, attribute);
  }
  return facts;
}

Result<std::vector<InterfaceFacts>> links() {
  const Socket netlink(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  struct {
    nlmsghdr header;
    ifinfomsg link;
  } request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_GETLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  if (send(netlink.fd(), &request, sizeof request, 0) < 0) {
    return tl::make_unexpected(system_error("asking the kernel for its interfaces"));
  }
  std::vector<InterfaceFacts> found;
  alignas(nlmsghdr) std::array<char, 65536> answer;
  while (true) {
    const ssize_t size = recv(netlink.fd(), answer.data(), answer.size(), 0);
    if (size < 0) return tl::make_unexpected(system_error("reading the kernel's interfaces"));
    auto left = static_cast<std::uint32_t>(size);
    const auto* message = reinterpret_cast<const nlmsghdr*>(answer.data());
    for (; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_type == RTM_NEWLINK) found.push_back(link_of(message));
      if (message->nlmsg_type == NLMSG_DONE) return found;
      if (message->nlmsg_type == NLMSG_ERROR) return failure("the kernel refused its interfaces");
    }
  }
}

// ---- ethtool: driver, ring, offloads, speed --------------------------------------------------

bool ask(const Socket& socket, const std::string& name, void* command) {
  ifreq request{};
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  request.ifr_data = static_cast<char*>(command);
  return ioctl(socket.fd(), SIOCETHTOOL, &request) == 0;
}

std::optional<std::uint32_t> value_of(const Socket& socket, const std::string& name,
                                      std::uint32_t command) {
  ethtool_value value{};
  value.cmd = command;
  return ask(socket, name, &value) ? std::optional(value.data) : std::nullopt;
}

// The kernel first says how many words its bit masks have, then gives them: we want the speed only.
std::optional<std::uint32_t> speed_of(const Socket& socket, const std::string& name) {
  constexpr std::size_t kMostWords = 127;
  alignas(ethtool_link_settings)
      std::array<char, sizeof(ethtool_link_settings) + 3 * kMostWords * sizeof(std::uint32_t)>
          buffer{};
  auto* settings = reinterpret_cast<ethtool_link_settings*>(buffer.data());
  settings->cmd = ETHTOOL_GLINKSETTINGS;
  if (!ask(socket, name, settings) || settings->link_mode_masks_nwords >= 0) return std::nullopt;
  settings->cmd = ETHTOOL_GLINKSETTINGS;
  settings->link_mode_masks_nwords = static_cast<std::int8_t>(-settings->link_mode_masks_nwords);
  if (!ask(socket, name, settings)) return std::nullopt;
  const bool known = settings->speed != 0 && settings->speed != static_cast<std::uint32_t>(-1);
  return known ? std::optional(settings->speed) : std::nullopt;
}

void add_ethtool(const Socket& socket, InterfaceFacts& facts) {
  ethtool_drvinfo driver{};
  driver.cmd = ETHTOOL_GDRVINFO;
  if (ask(socket, facts.name, &driver)) {
    facts.driver.assign(driver.driver, strnlen(driver.driver, sizeof driver.driver));
  }
  ethtool_ringparam ring{};
  ring.cmd = ETHTOOL_GRINGPARAM;
  if (ask(socket, facts.name, &ring) && ring.rx_max_pending > 0) {
    facts.receive_ring = RingSize{.now = ring.rx_pending, .most = ring.rx_max_pending};
  }
  if (const auto gro = value_of(socket, facts.name, ETHTOOL_GGRO)) facts.gro = *gro != 0;
  if (const auto flags = value_of(socket, facts.name, ETHTOOL_GFLAGS)) {
    facts.lro = (*flags & ETH_FLAG_LRO) != 0;
  }
  facts.speed_mbps = speed_of(socket, facts.name);
}

// ---- addresses -------------------------------------------------------------------------------

std::string text_of(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
  } else {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
  }
  return text.data();
}

void add_addresses(std::vector<InterfaceFacts>& interfaces) {
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return;
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr) continue;
    const auto family = one->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    for (InterfaceFacts& facts : interfaces) {
      if (facts.name == one->ifa_name) facts.addresses.push_back(text_of(*one->ifa_addr));
    }
  }
  freeifaddrs(all);
}

}  // namespace

Result<std::vector<InterfaceFacts>> all_interfaces() {
  auto found = links();
  if (!found) return found;
  const Socket socket(AF_INET, SOCK_DGRAM, 0);
  for (InterfaceFacts& facts : *found) add_ethtool(socket, facts);
  add_addresses(*found);
  return found;
}

std::vector<InterfaceFacts> pick(const std::vector<InterfaceFacts>& all,
                                 const std::vector<std::string>& names) {
  std::vector<InterfaceFacts> picked;
  for (const std::string& name : names) {
    const auto facts = std::find_if(all.begin(), all.end(),
                                    [&](const InterfaceFacts& one) { return one.name == name; });
    if (facts != all.end()) {
      picked.push_back(*facts);
    } else {
      picked.emplace_back().name = name;
    }
  }
  return picked;
}

}  // namespace koegura::tools
