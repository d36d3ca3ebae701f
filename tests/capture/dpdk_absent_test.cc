#include <doctest/doctest.h>

#include "capture/dpdk.h"

namespace koegura::capture {
namespace {

TEST_CASE("a program built without DPDK says so, and what to do") {
  const auto ports = open_dpdk({}, {}, "", {});
  REQUIRE_FALSE(ports);
  CHECK(ports.error().message.find("built without DPDK") != std::string::npos);
  CHECK(ports.error().message.find("libdpdk-dev") != std::string::npos);
}

}  // namespace
}  // namespace koegura::capture
