#include "copy_filter.h"

#include <doctest/doctest.h>

#include "packet_builder.h"

namespace koegura::capture {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kBegin = from_unix_ns(1'800'000'000'000'000'000);

// The same datagram again and again, as the wire might show it.
class Wire {
 public:
  bool is_copy(Duration after, std::string_view payload, unsigned id, unsigned ttl = 64) {
    const test::Octets udp = test::udp_header_and(5060, 5060, test::octets(payload));
    const test::Carried carried =
        test::ip(test::endpoint("192.0.2.1:0").address, test::endpoint("192.0.2.9:0").address,
                 {.protocol = 17, .ttl = static_cast<std::uint8_t>(ttl), .id = id}, udp);
    const auto packet = parse_ip(kBegin + after, carried.bytes);
    REQUIRE(packet);
    return filter_.is_copy(*packet);
  }

 private:
  CopyFilter filter_;
};

TEST_CASE("the frame on its way out is a copy of the frame on its way in") {
  Wire wire;
  CHECK_FALSE(wire.is_copy(0ms, "INVITE", 7));
  CHECK(wire.is_copy(1ms, "INVITE", 7));
}

TEST_CASE("the router's copy has another TTL and is a copy all the same") {
  Wire wire;
  CHECK_FALSE(wire.is_copy(0ms, "INVITE", 7, 64));
  CHECK(wire.is_copy(3ms, "INVITE", 7, 63));
}

TEST_CASE("a retransmission is numbered anew, and no copy however soon it comes") {
  Wire wire;
  CHECK_FALSE(wire.is_copy(0ms, "INVITE", 7));
  CHECK_FALSE(wire.is_copy(10ms, "INVITE", 8));
}

TEST_CASE("a retransmission of a sender that does not number is told by its timer") {
  Wire wire;
  CHECK_FALSE(wire.is_copy(0ms, "INVITE", 0));
  CHECK(wire.is_copy(2ms, "INVITE", 0));
  CHECK_FALSE(wire.is_copy(500ms, "INVITE", 0));
  CHECK(wire.is_copy(502ms, "INVITE", 0));
}

TEST_CASE("other bytes are another datagram") {
  Wire wire;
  CHECK_FALSE(wire.is_copy(0ms, "INVITE", 0));
  CHECK_FALSE(wire.is_copy(0ms, "BYE", 0));
  CHECK_FALSE(wire.is_copy(1ms, "INVITE sip:a", 0));
}

}  // namespace
}  // namespace koegura::capture
