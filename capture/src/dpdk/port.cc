#include "port.h"

#include <net/if.h>
#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include "rss_key.h"

namespace koegura::capture {

namespace {

// Frames of a mirror are larger than those of the network it shows: tags, tunnels.
constexpr std::uint32_t kMostMtu = 9600;
constexpr std::uint32_t kFrameOverhead = RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN + 8;  // two tags
// Held by a burst and by the mempool's caches beside what stands in the rings.
constexpr std::uint32_t kOutOfRing = 2048;
constexpr std::uint32_t kCache = 256;

std::string reason(int code) {
  return rte_strerror(code < 0 ? -code : code);
}

// The queues of a virtual device that hashes nothing are what its arguments made of them (files,
// rings, the kernel's fanout, which is symmetric), not what a card's hash does.
bool is_virtual(const rte_eth_dev_info& info) {
  const rte_bus* bus = info.device == nullptr ? nullptr : rte_dev_bus(info.device);
  return bus != nullptr && std::string_view(rte_bus_name(bus)) == "vdev";
}

// False if the device cannot. Fragments are hashed by their addresses, all of a datagram's alike.
bool spread_flows(const rte_eth_dev_info& info, rte_eth_conf& conf) {
  static RssKey key = symmetric_rss_key();  // drivers read it when the port starts
  const std::uint64_t flows = RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_SCTP;
  const std::uint64_t known = flows & info.flow_type_rss_offloads;
  if (known == 0 || info.hash_key_size == 0 || info.hash_key_size > key.size()) return false;
  conf.rx_adv_conf.rss_conf = {key.data(), info.hash_key_size, known};
  conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
  return true;
}

std::uint32_t largest_mtu(const rte_eth_dev_info& info) {
  std::uint32_t most = std::min<std::uint32_t>(info.max_mtu, kMostMtu);
  if ((info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER) == 0) {  // one buffer a frame
    most = std::min<std::uint32_t>(most, RTE_MBUF_DEFAULT_DATAROOM - kFrameOverhead);
  }
  // What a frame has beside its MTU, as ethdev reckons it.
  const bool told = info.max_mtu != UINT16_MAX && info.max_rx_pktlen > info.max_mtu;
  const std::uint32_t overhead =
      told ? info.max_rx_pktlen - info.max_mtu : RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;
  if (info.max_rx_pktlen > overhead) most = std::min(most, info.max_rx_pktlen - overhead);
  return std::max<std::uint32_t>(most, info.min_mtu);
}

// An interface that somebody else made promiscuous (ip link set IF promisc on).
bool is_promiscuous_by_others(unsigned if_index) {
  ifreq request{};
  if (if_index == 0 || ::if_indextoname(if_index, request.ifr_name) == nullptr) return false;
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return false;
  const bool known = ::ioctl(socket, SIOCGIFFLAGS, &request) == 0;
  ::close(socket);
  return known && (request.ifr_flags & IFF_PROMISC) != 0;
}

}  // namespace

Result<std::unique_ptr<Port>> Port::open(std::uint16_t id, const DpdkOptions& options) {
  std::unique_ptr<Port> port(new Port(id));
  auto done = port->configure(options);
  if (done) done = port->start();
  if (!done) return tl::make_unexpected(std::move(done.error()).in("DPDK port " + port->name_));
  return port;
}

Result<void> Port::configure(const DpdkOptions& options) {
  rte_eth_dev_info info{};
  if (const int code = rte_eth_dev_info_get(id_, &info); code != 0) {
    return failure("cannot be asked what it is: " + reason(code));
  }
  if (options.queues > info.max_rx_queues) {
    return failure("has " + std::to_string(info.max_rx_queues) + " receive queues at most, not " +
                   std::to_string(options.queues) + ": lower [dpdk] queues");
  }
  rte_eth_conf conf{};
  conf.rxmode.mtu = largest_mtu(info);
  conf.rxmode.offloads = info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;
  if (options.queues > 1 && !spread_flows(info, conf) && !is_virtual(info)) {
    return failure("its card (" + std::string(info.driver_name) +
                   ") cannot spread flows over queues by a hash of ours: set [dpdk] queues = 1");
  }
  constexpr std::uint16_t kTransmitQueues = 0;  // passive: there is nothing to send with
  if (const int code = rte_eth_dev_configure(id_, static_cast<std::uint16_t>(options.queues),
                                             kTransmitQueues, &conf);
      code != 0) {
    return failure("cannot be configured with " + std::to_string(options.queues) +
                   " receive queues and no transmit queue: " + reason(code));
  }
  return set_up_queues(options, info, conf.rxmode.offloads);
}

Result<void> Port::set_up_queues(const DpdkOptions& options, const rte_eth_dev_info& info,
                                 std::uint64_t offloads) {
  auto descriptors =
      static_cast<std::uint16_t>(std::min<std::uint32_t>(options.descriptors, UINT16_MAX));
  if (const int code = rte_eth_dev_adjust_nb_rx_tx_desc(id_, &descriptors, nullptr); code != 0) {
    return failure("refuses any number of descriptors: " + reason(code));
  }
  const int socket = rte_eth_dev_socket_id(id_);
  const std::uint32_t buffers =
      std::max(options.buffers, options.queues * descriptors + kOutOfRing);
  const std::string pool_name = "koegura_" + std::to_string(id_);
  pool_ = rte_pktmbuf_pool_create(pool_name.c_str(), buffers, kCache, 0, RTE_MBUF_DEFAULT_BUF_SIZE,
                                  socket);
  if (pool_ == nullptr) {
    return failure(std::to_string(buffers) + " buffers of 2 KiB: " + reason(rte_errno) +
                   ". Give more memory (sysctl vm.nr_hugepages; with --no-huge '-m MIB' after "
                   "'--'), or lower [dpdk] buffers and descriptors");
  }
  rte_eth_rxconf queue = info.default_rxconf;
  queue.offloads = offloads;
  for (std::uint16_t i = 0; i < options.queues; ++i) {
    const int code =
        rte_eth_rx_queue_setup(id_, i, descriptors, static_cast<unsigned>(socket), &queue, pool_);
    if (code != 0) {
      return failure("queue " + std::to_string(i) + " cannot be set up: " + reason(code));
    }
  }
  return {};
}

Result<void> Port::start() {
  // A card whose buffers fill would ask the switch to pause, with a frame of its own. Those that
  // cannot be asked have no such thing.
  rte_eth_fc_conf flow_control{};
  if (rte_eth_dev_flow_ctrl_get(id_, &flow_control) == 0 && flow_control.mode != RTE_ETH_FC_NONE) {
    flow_control.mode = RTE_ETH_FC_NONE;
    if (const int code = rte_eth_dev_flow_ctrl_set(id_, &flow_control); code != 0) {
      return failure("its pause frames cannot be switched off: " + reason(code));
    }
  }
  rte_eth_dev_info info{};
  const bool known = rte_eth_dev_info_get(id_, &info) == 0;
  const bool promiscuous =
      rte_eth_promiscuous_get(id_) == 1 || (known && is_promiscuous_by_others(info.if_index));
  if (const int code = rte_eth_dev_start(id_); code != 0) {  // not promiscuous after it
    return failure("cannot be started: " + reason(code));
  }
  started_ = true;
  const int code = rte_eth_promiscuous_enable(id_);
  made_promiscuous_ = code == 0 && !promiscuous;
  if (code != 0 && code != -ENOTSUP) {
    return failure("cannot be made promiscuous: " + reason(code));
  }
  return {};
}

Port::~Port() {
  if (made_promiscuous_) rte_eth_promiscuous_disable(id_);
  if (started_) rte_eth_dev_stop(id_);
  rte_eth_dev_close(id_);
  rte_mempool_free(pool_);
}

}  // namespace koegura::capture
