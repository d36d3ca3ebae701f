// Files that are cut off, damaged, or no captures at all: what was whole is read, and the error
// says where it stopped.
#include <doctest/doctest.h>

#include <string>

#include "capture_file_builder.h"

using namespace koegura::capture::test;

TEST_CASE("a file cut off anywhere gives the packets before, then says where") {
  const Octets pcap = PcapBuilder().packet(1, 0, "first").packet(2, 0, "second").octets();
  const Octets pcapng =
      PcapngBuilder().interface(1).enhanced(0, 1, "first").enhanced(0, 2, "second").octets();
  struct Whole {
    Octets file;
    std::size_t first_end;
    std::size_t header_end;
  };
  for (const Whole& whole : {Whole{pcap, 24 + 16 + 5, 24}, Whole{pcapng, 28 + 20 + 40, 28 + 20}}) {
    for (std::size_t size = whole.header_end + 1; size < whole.file.size(); ++size) {
      CAPTURE(size);
      const Reading reading = read_all(first_of(whole.file, size));
      CHECK(reading.frames.size() == (size < whole.first_end ? 0U : 1U));
      if (size == whole.first_end) {
        CHECK(reading.error.empty());
      } else {
        CHECK(reading.error ==
              "day.pcap: cut off at offset " + std::to_string(size) + " within a packet; the " +
                  std::to_string(reading.frames.size()) + " packets before it were read");
      }
    }
  }
}

TEST_CASE("a compressed file cut off anywhere is an error, whatever packets came before") {
  const Octets plain = PcapBuilder().packet(1, 0, "first").packet(2, 0, "second").octets();
  for (const Octets& whole : {gzip(plain), zstd(plain)}) {
    for (std::size_t size = 4; size < whole.size(); ++size) {
      CAPTURE(size);
      CHECK(contains(error_of(first_of(whole, size)), "data is cut off at offset "));
    }
  }
}

TEST_CASE("damage within a compressed file is told after the packets before it") {
  Octets checksum = gzip(large_capture(3000));
  checksum[checksum.size() - 6] ^= std::byte{0xFF};
  const Reading reading = read_all(checksum);
  CHECK(reading.frames.size() == 3000);
  CHECK(contains(reading.error, "the gzip data is damaged at offset "));
  CHECK(contains(reading.error, "; the 3000 packets before it were read"));

  // A whole zstd frame, then one whose first block has the reserved type (RFC 8878 §3.1.1.2).
  Octets file = zstd(large_capture(3000));
  const Octets bad_frame = Writer().u32(0x28B52FFD).u8(0x20).u8(1).u8(0x07).u16(0).octets();
  file.insert(file.end(), bad_frame.begin(), bad_frame.end());
  const Reading before = read_all(file);
  CHECK(before.frames.size() == 3000);
  CHECK(contains(before.error, "the zstd data is damaged at offset "));
}

TEST_CASE("an impossible length is damage, with its offset") {
  Octets pcap = PcapBuilder().packet(1, 0, "first").packet(2, 0, "second").octets();
  pcap[24 + 16 + 5 + 11] = std::byte{0x7F};
  CHECK(error_of(pcap) ==
        "day.pcap: damaged at offset 45: a packet of 2130706438 bytes; the 1 packets before it "
        "were read");

  const Octets good = PcapngBuilder().interface(1).enhanced(0, 1, "first").octets();
  const auto with = [&](std::size_t at, unsigned value) {
    Octets bad = good;
    bad[at] = static_cast<std::byte>(value);
    return error_of(bad);
  };
  CHECK(contains(with(48 + 4, 8), "damaged at offset 48: a block of 8 bytes"));
  CHECK(contains(with(48 + 4, 42), "damaged at offset 48: a block of 42 bytes"));
  CHECK(contains(with(48 + 36, 44), "a block whose two lengths differ"));
  CHECK(contains(with(48 + 20, 9), "a packet longer than its block"));
  CHECK(contains(with(48 + 8, 1), "a packet of interface 1, which nothing describes"));
  CHECK(contains(with(48 + 7, 0x7F), "damaged at offset 48: a block of 2130706472 bytes"));
  CHECK(contains(with(12, 2), "pcapng version 2, not 1"));
  CHECK(contains(with(8, 2), "a section header without the byte-order magic"));
}

TEST_CASE("an interface with an impossible clock or option is damage") {
  PcapngBuilder file;
  CHECK(contains(error_of(PcapngBuilder().interface(1, file.option(9, {std::byte{40}})).octets()),
                 "an interface with an impossible clock"));
  CHECK(
      contains(error_of(PcapngBuilder().interface(1, file.body().u16(2).u16(99).octets()).octets()),
               "an option longer than its block"));
}

TEST_CASE("what is no capture file is said to be none, and what it looks like") {
  CHECK(error_of({}) == "day.pcap: is empty");
  CHECK(error_of(octets("hello, world")) ==
        "day.pcap: is not a capture file: it begins with 68 65 6c 6c; koegura reads pcap and "
        "pcapng, plain or compressed by gzip or zstd");
  CHECK(contains(error_of(octets("PK\x03\x04____")), "it is a zip archive; unzip it first"));
  CHECK(contains(error_of(octets("ab")), "it begins with 61 62;"));
  CHECK(contains(error_of(gzip(octets("hello, world"))), "is not a capture file"));
  CHECK(contains(error_of(first_of(PcapBuilder().octets(), 20)),
                 "cut off at offset 20 within the file header"));
}

TEST_CASE("an unknown link type of a classic file is refused by its number") {
  CHECK(contains(error_of(PcapBuilder(kMicrosecondMagic, Order::kLittle, 105).octets()),
                 "day.pcap: link type 105 is not one that koegura reads"));
}
