#include "capture/rtp.h"

#include <doctest/doctest.h>

#include <vector>

namespace koegura::capture {
namespace {

std::vector<std::byte> bytes(std::initializer_list<int> values) {
  std::vector<std::byte> result;
  for (const int value : values) result.push_back(static_cast<std::byte>(value));
  return result;
}

// Version 2, PCMU, sequence 7, timestamp 160, SSRC 0x01020304, then the payload.
std::vector<std::byte> rtp(int first, std::initializer_list<int> rest) {
  std::vector<std::byte> result = bytes({first, 0, 0, 7, 0, 0, 0, 160, 1, 2, 3, 4});
  for (const std::byte value : bytes(rest)) result.push_back(value);
  return result;
}

TEST_CASE("the fixed header is read as RFC 3550 draws it") {
  auto datagram = rtp(0x80, {0xAA, 0xBB});
  datagram[1] = std::byte{0x80 | 101};
  const auto packet = parse_rtp(datagram);
  REQUIRE(packet);
  CHECK(packet->payload_type == 101);
  CHECK(packet->marker);
  CHECK(packet->sequence == 7);
  CHECK(packet->timestamp == 160);
  CHECK(packet->ssrc == 0x01020304);
  CHECK(packet->payload.size() == 2);
}

TEST_CASE("padding is as long as the packet's last byte says, not the payload's last but one") {
  const auto packet = parse_rtp(rtp(0xA0, {1, 2, 3, 9, 9, 9, 4}));
  REQUIRE(packet);
  CHECK(packet->payload.size() == 3);
}

TEST_CASE("padding longer than the packet, or of length zero, is refused by name") {
  CHECK(parse_rtp(rtp(0xA0, {1, 2, 200})).error() == Defect::kRtpBadHeader);
  CHECK(parse_rtp(rtp(0xA0, {1, 2, 0})).error() == Defect::kRtpBadHeader);
  CHECK(parse_rtp(rtp(0xA0, {1, 2, 4})).error() == Defect::kRtpBadHeader);
}

TEST_CASE(
    "a header is read whatever the padding says, which may be sealed: it is taken off afterwards") {
  const auto datagram = rtp(0xA0, {1, 2, 3, 9, 9, 9, 4});
  auto packet = parse_padded_rtp(datagram);
  REQUIRE(packet);
  CHECK(packet->padded);
  CHECK(packet->payload.size() == 7);
  CHECK(take_off_padding(*packet));
  CHECK(packet->payload.size() == 3);
  CHECK(take_off_padding(*packet));  // once
  CHECK(packet->payload.size() == 3);
}

TEST_CASE("of padding that does not fit nothing is taken off") {
  for (const int last : {0, 4, 200}) {
    CAPTURE(last);
    const auto datagram = rtp(0xA0, {1, 2, last});
    auto packet = parse_padded_rtp(datagram);
    REQUIRE(packet);
    CHECK_FALSE(take_off_padding(*packet));
    CHECK(packet->payload.size() == 3);
  }
  const auto bare = rtp(0xA0, {});
  auto empty = parse_padded_rtp(bare);
  REQUIRE(empty);
  CHECK_FALSE(take_off_padding(*empty));
}

TEST_CASE("CSRC list and header extension are no payload") {
  const auto datagram = rtp(0x91, {9, 9, 9, 9, 0xBE, 0xDE, 0, 1, 5, 5, 5, 5, 0x42});
  const auto packet = parse_rtp(datagram);
  REQUIRE(packet);
  REQUIRE(packet->payload.size() == 1);
  CHECK(packet->payload[0] == std::byte{0x42});
}

TEST_CASE("a CSRC list or an extension that runs past the packet is refused by name") {
  CHECK(parse_rtp(rtp(0x8F, {1, 2, 3})).error() == Defect::kRtpBadHeader);
  CHECK(parse_rtp(rtp(0x90, {0xBE})).error() == Defect::kRtpBadHeader);
  CHECK(parse_rtp(rtp(0x90, {0xBE, 0xDE, 0, 9})).error() == Defect::kRtpBadHeader);
}

TEST_CASE("RTCP and RTP are told apart by the packet type, whatever the port") {
  const auto sender_report = bytes({0x80, 200, 0, 1, 1, 2, 3, 4, 0, 0, 0, 0});
  CHECK(looks_like_rtcp(sender_report));
  CHECK_FALSE(looks_like_rtp(sender_report));
  CHECK_FALSE(looks_like_rtcp(rtp(0x80, {1})));
  CHECK(looks_like_rtp(rtp(0x80, {})));
}

TEST_CASE("RTCP whose length runs past the datagram is none") {
  CHECK_FALSE(looks_like_rtcp(bytes({0x80, 200, 0, 9, 1, 2, 3, 4})));
}

TEST_CASE("too short and other versions are not RTP") {
  CHECK_FALSE(looks_like_rtp(bytes({0x80, 0, 0, 1})));
  CHECK_FALSE(looks_like_rtp(rtp(0x40, {1})));
}

}  // namespace
}  // namespace koegura::capture
