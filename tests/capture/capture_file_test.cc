#include "capture/capture_file.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "capture_file_builder.h"

using namespace koegura;
using namespace koegura::capture;
using namespace koegura::capture::test;

namespace {

// A folder that goes with the test.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "koegura-file-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }

  [[nodiscard]] std::string file(std::string_view name, const Octets& content) const {
    const std::string path = path_ / name;
    std::ofstream(path, std::ios::binary) << text_of(content);
    return path;
  }
  [[nodiscard]] std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

void check_large(const Reading& reading, std::size_t packets) {
  CHECK(reading.error.empty());
  REQUIRE(reading.frames.size() == packets);
  for (std::size_t i = 0; i < packets; ++i) {
    REQUIRE(reading.frames[i].data == std::to_string(i) + std::string(1000, '.'));
    REQUIRE(reading.frames[i].ns == static_cast<long long>(i) * 1'000'000'000 + 7);
  }
}

constexpr long long kSecond = 1'000'000'000;

}  // namespace

TEST_CASE("classic pcap is read in both byte orders, in microseconds, nanoseconds and modified") {
  struct Variant {
    std::uint32_t magic;
    long long ns_per_tick;
  };
  for (const Variant& variant : {Variant{kMicrosecondMagic, 1000}, Variant{kNanosecondMagic, 1},
                                 Variant{kModifiedMagic, 1000}}) {
    for (const Order order : {Order::kLittle, Order::kBig}) {
      const Reading reading = read_all(PcapBuilder(variant.magic, order, 113)
                                           .packet(1'700'000'000, 123'456, "one")
                                           .packet(4'294'967'295, 0, "")
                                           .packet(1, 2, "three")
                                           .octets());
      CHECK(reading.error.empty());
      CHECK(reading.frames ==
            std::vector<Seen>{
                {"one", 1'700'000'000 * kSecond + 123'456 * variant.ns_per_tick, 113, 0},
                {"", 4'294'967'295 * kSecond, 113, 0},
                {"three", kSecond + 2 * variant.ns_per_tick, 113, 0}});
    }
  }
}

TEST_CASE("the frame check sequence bits above the link type are no part of it") {
  CHECK(read_all(
            PcapBuilder(kMicrosecondMagic, Order::kLittle, 0x24000001).packet(1, 2, "x").octets())
            .frames == std::vector<Seen>{{"x", kSecond + 2000, 1, 0}});
}

TEST_CASE("a BSD system's number for raw IP means raw IP") {
  for (const unsigned number : {12U, 14U}) {
    CHECK(
        read_all(PcapBuilder(kMicrosecondMagic, Order::kLittle, number).packet(0, 0, "x").octets())
            .frames.at(0)
            .link == 101);
  }
}

TEST_CASE("pcapng is read in both byte orders, with interfaces and sections that differ") {
  for (const Order order : {Order::kLittle, Order::kBig}) {
    PcapngBuilder file(order);
    const Octets nanoseconds = file.option(9, {std::byte{9}});
    file.interface(1, nanoseconds).interface(0);
    file.enhanced(0, 5'000'000'001, "ns").enhanced(1, 5'000'001, "us");
    file.block(0x0BAD, Octets(64));  // nobody knows it
    file.section(order == Order::kLittle ? Order::kBig : Order::kLittle).interface(113);
    file.obsolete(0, 7'000'000, "obsolete");
    const Reading reading = read_all(file.octets());
    CHECK(reading.error.empty());
    CHECK(reading.frames == std::vector<Seen>{{"ns", 5 * kSecond + 1, 1, 0},
                                              {"us", 5 * kSecond + 1000, 0, 1},
                                              {"obsolete", 7 * kSecond, 113, 2}});
  }
}

TEST_CASE("a pcapng interface's clock may have any resolution and offset") {
  const auto time_of = [](unsigned resolution, std::uint64_t ticks, std::int64_t offset = 0) {
    PcapngBuilder file;
    Octets options = file.option(9, {static_cast<std::byte>(resolution)});
    const auto bits = static_cast<std::uint64_t>(offset);
    const Octets shift =
        file.option(14, file.body().u32(bits & 0xFFFFFFFFU).u32(bits >> 32U).octets());
    options.insert(options.end(), shift.begin(), shift.end());
    return read_all(file.interface(1, options).enhanced(0, ticks, "x").octets()).frames.at(0).ns;
  };
  CHECK(time_of(0, 5) == 5 * kSecond);
  CHECK(time_of(3, 5) == 5'000'000);
  CHECK(time_of(9, 5) == 5);
  CHECK(time_of(12, 5'999) == 5);
  CHECK(time_of(0x80, 5) == 5 * kSecond);
  CHECK(time_of(0x80 | 10, 1536) == 1'500'000'000);
  CHECK(time_of(0x80 | 32, std::uint64_t{3} << 31U) == 1'500'000'000);
  CHECK(time_of(9, 5, 1'700'000'000) == 1'700'000'000 * kSecond + 5);
  CHECK(time_of(9, 5'000'000'000, -2) == 3 * kSecond);
  // Absurd clocks stay within what a difference of two can hold.
  CHECK(time_of(0, ~std::uint64_t{0}) == std::int64_t{1} << 62U);
  CHECK(time_of(9, 5, std::numeric_limits<std::int64_t>::min()) == 0);
}

TEST_CASE(
    "a simple packet is as long as wire, block and snaplen allow, and has the time before it") {
  const Reading reading = read_all(PcapngBuilder()
                                       .interface(1, {}, 6)
                                       .enhanced(0, 2'000'000, "before")
                                       .simple(3, "abc")
                                       .simple(1000, "abcdefgh")
                                       .octets());
  CHECK(reading.error.empty());
  CHECK(reading.frames == std::vector<Seen>{{"before", 2 * kSecond, 1, 0},
                                            {"abc", 2 * kSecond, 1, 0},
                                            {"abcdef", 2 * kSecond, 1, 0}});
}

TEST_CASE("a pcapng interface of an unknown link type is left to decapsulation") {
  const Reading reading = read_all(PcapngBuilder().interface(105).enhanced(0, 1, "x").octets());
  CHECK(reading.error.empty());
  CHECK(reading.frames.at(0).link == 105);
}

TEST_CASE("gzip and zstd are known by their first bytes and read like the plain file") {
  const Octets plain = large_capture(3000);
  check_large(read_all(plain), 3000);
  check_large(read_all(gzip(plain)), 3000);
  check_large(read_all(zstd(plain)), 3000);
}

TEST_CASE("gzip members and zstd frames one after another are one stream") {
  const Octets plain = large_capture(2000);
  const Bytes whole = plain;
  for (const auto compress : {gzip, zstd}) {
    Octets file = compress(whole.first(100'001));
    const Octets rest = compress(whole.subspan(100'001));
    file.insert(file.end(), rest.begin(), rest.end());
    check_large(read_all(file), 2000);
  }
}

TEST_CASE("a large unknown block is passed over wherever the window ends") {
  PcapngBuilder file;
  file.interface(1).enhanced(0, 1, "before").block(0x0BAD, Octets(3U << 20U));
  file.enhanced(0, 2, "after");
  const Reading reading = read_all(file.octets());
  CHECK(reading.error.empty());
  REQUIRE(reading.frames.size() == 2);
  CHECK(reading.frames[1].data == "after");
}

TEST_CASE("a packet block larger than the window is read whole") {
  PcapngBuilder file;
  file.interface(1);
  const std::string large(3U << 20U, 'L');
  const Reading reading = read_all(file.enhanced(0, 1, "x").enhanced(0, 2, large).octets());
  CHECK(reading.error.empty());
  CHECK(reading.frames.at(1).data == large);
}

TEST_CASE("a file on disk is read by its path and says how far it has come") {
  const Folder folder;
  const Octets plain = large_capture(3000);
  for (const Octets& content : {plain, gzip(plain), zstd(plain)}) {
    auto source = open_capture_file(folder.file("day.pcap", content));
    REQUIRE(source);
    CHECK((*source)->name() == folder.path() + "/day.pcap");
    CHECK((*source)->progress().total == content.size());
    CHECK((*source)->progress().done <= content.size());
    check_large(read_all(**source, 256), 3000);
    CHECK((*source)->progress().done == content.size());
  }
}

TEST_CASE("a pipe is read to its end, however small the pieces") {
  const Folder folder;
  const std::string path = folder.path() + "/pipe";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const int writer = ::open(path.c_str(), O_RDWR);  // both ends, so that nothing blocks
  const Octets file = PcapBuilder().packet(1, 0, "first").packet(2, 0, "second").octets();
  REQUIRE(::write(writer, file.data(), 30) == 30);
  auto source = open_capture_file(path);
  REQUIRE(source);
  CHECK((*source)->progress().total == 0);
  REQUIRE(::write(writer, file.data() + 30, file.size() - 30) ==
          static_cast<ssize_t>(file.size() - 30));
  ::close(writer);
  const Reading reading = read_all(**source);
  CHECK(reading.error.empty());
  CHECK(reading.frames.size() == 2);
}

TEST_CASE("what cannot be opened is named with the reason") {
  const Folder folder;
  const auto missing = open_capture_file(folder.path() + "/none.pcap");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message ==
        folder.path() + "/none.pcap: cannot be opened: No such file or directory");
  CHECK(missing.error().kind == ErrorKind::kFailed);

  const auto directory = open_capture_file(folder.path());
  REQUIRE_FALSE(directory);
  CHECK(contains(directory.error().message, "is a directory; name the capture files in it"));
}
