#include "capture/dpdk.h"

#include <algorithm>

#include "eal.h"
#include "eal_output.h"
#include "port.h"
#include "queue_source.h"

namespace koegura::capture {

namespace {

// Members go in reverse: the sources that are still there lose their port, the ports close, EAL
// last.
class OpenPorts final : public DpdkPorts {
 public:
  OpenPorts(std::unique_ptr<Eal> eal, std::vector<std::unique_ptr<Port>> ports,
            std::vector<std::vector<std::unique_ptr<PacketSource>>> lanes,
            std::unique_ptr<OpenSources> sources)
      : eal_(std::move(eal)),
        ports_(std::move(ports)),
        sources_(std::move(sources)),
        lanes_(std::move(lanes)) {}
  ~OpenPorts() override { sources_->detach_all(); }

  std::vector<std::vector<std::unique_ptr<PacketSource>>> lanes() override {
    return std::move(lanes_);
  }

 private:
  std::unique_ptr<Eal> eal_;
  std::vector<std::unique_ptr<Port>> ports_;
  std::unique_ptr<OpenSources> sources_;
  std::vector<std::vector<std::unique_ptr<PacketSource>>> lanes_;
};

Result<FrameFilter> compile(const std::string& filter) {
  return FrameFilter::compile(filter, LinkType::kEthernet);
}

// What the buffers take, generously, and what EAL and drivers take themselves.
std::uint64_t memory_mib(std::size_t ports, const DpdkOptions& options) {
  constexpr std::uint64_t kForEal = 64;
  constexpr std::uint64_t kBuffer = 3072;
  const std::uint64_t buffers =
      options.buffers + std::uint64_t{options.queues} * options.descriptors;
  return kForEal + std::max<std::size_t>(ports, 1) * (buffers * kBuffer >> 20U);
}

Result<std::vector<std::unique_ptr<Port>>> open_ports(const std::vector<std::uint16_t>& ids,
                                                      const DpdkOptions& options) {
  std::vector<std::unique_ptr<Port>> ports;
  for (const std::uint16_t id : ids) {
    auto port = Port::open(id, options);
    if (!port) return tl::make_unexpected(std::move(port.error()));
    ports.push_back(std::move(*port));
  }
  return ports;
}

Error with(const EalOutput& output, Error error) {
  error.message += output.quoted();
  return error;
}

}  // namespace

Result<std::unique_ptr<DpdkPorts>> open_dpdk(const std::vector<std::string>& ports,
                                             const std::vector<std::string>& eal_arguments,
                                             const std::string& filter,
                                             const DpdkOptions& options) {
  // A mistake in the filter is found before the card is touched.
  if (auto compiled = compile(filter); !compiled) {
    return tl::make_unexpected(std::move(compiled.error()));
  }
  EalOutput output(is_quiet(eal_arguments));
  auto eal = Eal::start(eal_arguments, memory_mib(ports.size(), options), output);
  if (!eal) return tl::make_unexpected(std::move(eal.error()));
  auto ids = find_ports(ports, wanted_devices(eal_arguments));
  if (!ids) return tl::make_unexpected(with(output, std::move(ids.error())));
  output.forget();
  auto opened = open_ports(*ids, options);
  if (!opened) return tl::make_unexpected(with(output, std::move(opened.error())));
  auto sources = std::make_unique<OpenSources>();
  std::vector<std::vector<std::unique_ptr<PacketSource>>> lanes(options.queues);
  for (std::uint16_t queue = 0; queue < options.queues; ++queue) {
    for (const auto& port : *opened) {
      auto compiled = compile(filter);
      if (!compiled) return tl::make_unexpected(std::move(compiled.error()));
      lanes[queue].push_back(
          std::make_unique<QueueSource>(*port, queue, std::move(*compiled), *sources));
    }
  }
  return std::make_unique<OpenPorts>(std::move(*eal), std::move(*opened), std::move(lanes),
                                     std::move(sources));
}

}  // namespace koegura::capture
