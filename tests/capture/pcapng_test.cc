#include "capture/pcapng.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

#include "capture/capture_file.h"
#include "packet_builder.h"

using namespace koegura;
using namespace koegura::capture;
using namespace koegura::capture::test;

namespace {

Octets block_of(Timestamp time, const Octets& packet) {
  Octets block(enhanced_packet_size(packet.size()), std::byte{0xEE});
  CHECK(write_enhanced_packet(block.data(), time, packet) == block.size());
  return block;
}

}  // namespace

TEST_CASE("a block of any length reads back as it was written, to the nanosecond") {
  const Timestamp time = from_unix_ns(1'763'676'901'123'456'789);
  for (const std::size_t size : {0, 1, 2, 3, 4, 5, 1500, 65535}) {
    CAPTURE(size);
    const Octets packet(size, std::byte{0x45});
    const Octets block = block_of(time, packet);
    const auto read = read_enhanced_packet(block);
    REQUIRE(read);
    CHECK(read->time == time);
    CHECK(read->block_size == block.size());
    CHECK(Octets(read->packet.begin(), read->packet.end()) == packet);
  }
}

TEST_CASE("padding is zero, whatever the memory held before") {
  const Octets block = block_of(from_unix_ns(0), Octets(5, std::byte{0x45}));
  for (std::size_t i = 28 + 5; i < 28 + 8; ++i) CHECK(block[i] == std::byte{0});
}

TEST_CASE("blocks lie back to back, and each says where the next begins") {
  Octets blocks = block_of(from_unix_ns(1), octets("abc"));
  const Octets second = block_of(from_unix_ns(2), octets("defgh"));
  blocks.insert(blocks.end(), second.begin(), second.end());
  const auto first = read_enhanced_packet(blocks);
  REQUIRE(first);
  const auto next = read_enhanced_packet(Bytes(blocks).subspan(first->block_size));
  REQUIRE(next);
  CHECK(text_of(next->packet) == "defgh");
  CHECK(first->block_size + next->block_size == blocks.size());
}

TEST_CASE("what is not a whole block is nothing") {
  const Octets whole = block_of(from_unix_ns(1), octets("abcd"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(read_enhanced_packet(Bytes(whole).first(size)));
  }
  Octets other_type = whole;
  other_type[0] = std::byte{3};
  CHECK_FALSE(read_enhanced_packet(other_type));
  Octets too_long_packet = whole;
  too_long_packet[20] = std::byte{5};
  CHECK_FALSE(read_enhanced_packet(too_long_packet));
  Octets shorter_than_its_header = whole;
  shorter_than_its_header[4] = std::byte{28};
  CHECK_FALSE(read_enhanced_packet(shorter_than_its_header));
}

TEST_CASE("preamble and blocks make a file that the file source reads") {
  Octets file = pcapng_preamble(LinkType::kRaw);
  const Timestamp time = from_unix_ns(1'763'676'901'000'000'001);
  const Octets block = block_of(time, udp("10.0.0.1:5060", "10.0.0.2:5060", "hello").bytes);
  file.insert(file.end(), block.begin(), block.end());

  auto source = open_capture_bytes(file, "memory");
  REQUIRE(source);
  std::array<Frame, 8> burst;
  REQUIRE((*source)->read(burst) == 1U);
  CHECK(burst[0].time == time);
  CHECK(burst[0].link == LinkType::kRaw);
  CHECK(burst[0].bytes.size() == 20 + 8 + 5);
}
