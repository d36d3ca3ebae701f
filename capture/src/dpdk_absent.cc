// open_dpdk where Koegura was built without DPDK.
#include "capture/dpdk.h"

namespace koegura::capture {

Result<std::unique_ptr<DpdkPorts>> open_dpdk(const std::vector<std::string>& /*ports*/,
                                             const std::vector<std::string>& /*eal_arguments*/,
                                             const std::string& /*filter*/,
                                             const DpdkOptions& /*options*/) {
  return failure(
      "this koegura was built without DPDK: install libdpdk-dev and build again "
      "(meson configure -Ddpdk=enabled), or read the interface with --interface");
}

}  // namespace koegura::capture
