// What the DPDK tests share: sources opened on virtual devices, and reading them with a deadline.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "capture/dpdk.h"
#include "own_process.h"
#include "packet_builder.h"

namespace koegura::capture::test {

using Texts = std::vector<std::string>;
using Lanes = std::vector<std::vector<std::unique_ptr<PacketSource>>>;

inline DpdkOptions small(std::uint32_t queues = 1) {
  return {.queues = queues, .descriptors = 512, .buffers = 4096};
}

// As a user would on a box without hugepages; no PCI, so that no card of the machine is touched.
inline Texts eal(Texts devices) {
  devices.insert(devices.begin(), {"--no-huge", "--no-pci"});
  return devices;
}

// open_dpdk, or the test fails with its message.
inline std::unique_ptr<DpdkPorts> opened(const Texts& ports, const Texts& arguments,
                                         const std::string& filter = "",
                                         const DpdkOptions& options = small()) {
  auto dpdk = open_dpdk(ports, arguments, filter, options);
  if (!dpdk) FAIL(dpdk.error().message);
  return std::move(*dpdk);
}

// The message of an open_dpdk that must fail.
inline std::string refusal(const Texts& ports, const Texts& arguments,
                           const std::string& filter = "", const DpdkOptions& options = small()) {
  const auto dpdk = open_dpdk(ports, arguments, filter, options);
  REQUIRE_FALSE(dpdk);
  MESSAGE(dpdk.error().message);
  return dpdk.error().message;
}

struct Heard {
  Octets bytes;
  Timestamp time;
  std::uint32_t wire_length;
};

// Reads until there are `count` frames, for 10 s at most; then once more, to see that there are not
// more.
inline std::vector<Heard> hear(PacketSource& source, std::size_t count, std::size_t burst = 32) {
  std::vector<Heard> heard;
  std::vector<Frame> frames(burst);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  for (bool enough = false; !enough && std::chrono::steady_clock::now() < deadline;) {
    enough = heard.size() >= count;
    const auto read = source.read(frames);
    REQUIRE(read);
    for (std::size_t i = 0; i < *read; ++i) {
      const Frame& frame = frames[i];
      REQUIRE(frame.link == LinkType::kEthernet);
      heard.push_back(
          {Octets(frame.bytes.begin(), frame.bytes.end()), frame.time, frame.wire_length});
    }
  }
  return heard;
}

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace koegura::capture::test
