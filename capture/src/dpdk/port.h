// Port: one DPDK port that only receives: configured with no transmit queue, sending no pause
// frames, promiscuous while it is open.
// Threads: the main thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "capture/dpdk.h"
#include "capture/error.h"

struct rte_eth_dev_info;
struct rte_mempool;

namespace koegura::capture {

// "0 (0000:01:00.0), 1 (net_null0)": for messages.
[[nodiscard]] std::string present_ports();
// The virtual network devices that the arguments ask for ("net_null0,size=64"). EAL goes on without
// one that failed.
[[nodiscard]] std::vector<std::string> wanted_devices(const std::vector<std::string>& arguments);
// The ports as the user names them; all there are if he names none. Never empty.
// An error if one of `wanted` is not there.
[[nodiscard]] Result<std::vector<std::uint16_t>> find_ports(const std::vector<std::string>& names,
                                                            const std::vector<std::string>& wanted);

class Port {
 public:
  // Started when it returns.
  [[nodiscard]] static Result<std::unique_ptr<Port>> open(std::uint16_t id,
                                                          const DpdkOptions& options);
  ~Port();  // stopped, closed, promiscuous as before. REQUIRES: no mbuf of it is held.
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  [[nodiscard]] std::uint16_t id() const { return id_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  explicit Port(std::uint16_t id);
  [[nodiscard]] Result<void> configure(const DpdkOptions& options);
  [[nodiscard]] Result<void> set_up_queues(const DpdkOptions& options, const rte_eth_dev_info& info,
                                           std::uint64_t offloads);
  [[nodiscard]] Result<void> start();

  std::uint16_t id_;
  std::string name_;
  rte_mempool* pool_ = nullptr;
  bool started_ = false;
  bool made_promiscuous_ = false;
};

}  // namespace koegura::capture
