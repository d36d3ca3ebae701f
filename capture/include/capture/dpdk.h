// DPDK sources: ports polled from user space, one source a receive queue, no transmit queue at all.
// In a program built without DPDK, open_dpdk is an error that says so.
// Threads: see PacketSource; open_dpdk on the main thread, once a process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "capture/packet_source.h"

namespace koegura::capture {

struct DpdkOptions {
  std::uint32_t queues = 1;          // receive queues a port, spread by symmetric RSS
  std::uint32_t descriptors = 4096;  // a queue; as far as the card allows
  std::uint32_t buffers = 32768;     // mbufs a port: frames that may wait for us
};

// The ports, and the EAL's memory. Destroyed, on the main thread, it stops and closes the ports;
// sources that are still there (and are not being read) have come to their end then, with an error.
class DpdkPorts {
 public:
  virtual ~DpdkPorts() = default;
  // lanes()[n] has queue n of every port. To be called once.
  [[nodiscard]] virtual std::vector<std::vector<std::unique_ptr<PacketSource>>> lanes() = 0;
};

// Virtual devices (--vdev) may have queues without RSS; cards may not. A port is made promiscuous,
// sends no pause frames, and is left as it was. Closing net_af_packet needs CAP_NET_ADMIN for that.
//
// `ports` are port numbers, PCI addresses or device names; none means every port there is.
// `eal_arguments` are rte_eal_init's, without the program's name. `filter` is pcap-filter(7) as for
// open_interface, run here on each frame.
[[nodiscard]] Result<std::unique_ptr<DpdkPorts>> open_dpdk(
    const std::vector<std::string>& ports, const std::vector<std::string>& eal_arguments,
    const std::string& filter, const DpdkOptions& options);

}  // namespace koegura::capture
