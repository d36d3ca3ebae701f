// live_sources: what a recorder listens to, opened: interfaces by libpcap, or DPDK ports.
#pragma once

#include <memory>
#include <vector>

#include "capture/dpdk.h"
#include "capture/tap.h"
#include "config.h"
#include "recorder.h"

namespace koegura::tools {

// Sources as lanes, and what must outlive them.
struct OpenSources {
  std::unique_ptr<capture::DpdkPorts> ports;
  std::vector<capture::Lane> lanes;
};
[[nodiscard]] Result<OpenSources> open_sources(const LiveInput& input, const Config& config);

}  // namespace koegura::tools
