#include "live_sources.h"

#include <string>
#include <utility>

#include "capture/live.h"

namespace koegura::tools {

Result<OpenSources> open_sources(const LiveInput& input, const Config& config) {
  OpenSources open;
  if (!input.dpdk_ports.empty()) {
    auto ports =
        capture::open_dpdk(input.dpdk_ports, input.eal_arguments, input.filter, config.dpdk);
    if (!ports) return tl::make_unexpected(std::move(ports.error()));
    open.ports = std::move(*ports);
    open.lanes = open.ports->lanes();
    return open;
  }
  capture::Lane lane;
  for (const std::string& name : input.interfaces) {
    auto source = capture::open_interface(name, input.filter, config.live);
    if (!source) return tl::make_unexpected(std::move(source.error()));
    lane.push_back(std::move(*source));
  }
  open.lanes.push_back(std::move(lane));
  return open;
}

}  // namespace koegura::tools
