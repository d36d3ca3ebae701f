#include "capture/spool.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <thread>

namespace koegura::capture {
namespace {

namespace fs = std::filesystem;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "koegura-spool-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { fs::remove_all(path_); }
  [[nodiscard]] std::string spool() const { return (path_ / "spool").string(); }

 private:
  fs::path path_;
};

std::size_t segments_on_disk(const std::string& spool) {
  const fs::directory_iterator files(spool);
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

// A datagram that says which one it is.
std::vector<std::byte> datagram(int stream, int number, std::size_t size = 200) {
  std::vector<std::byte> bytes(size, static_cast<std::byte>(stream));
  bytes[0] = static_cast<std::byte>(number);
  bytes[1] = static_cast<std::byte>(number >> 8);
  return bytes;
}

struct Read {
  Timestamp time;
  std::vector<std::byte> ip;
};

std::vector<Read> read_all(const SpooledPackets& packets) {
  std::vector<Read> all;
  SpoolReader reader(packets);
  SpooledPacket packet;
  for (;;) {
    const auto more = reader.next(packet);
    REQUIRE(more);
    if (!*more) return all;
    all.push_back({packet.time, {packet.ip.begin(), packet.ip.end()}});
  }
}

TEST_CASE("what was appended comes back: bytes, nanoseconds and order, one stream at a time") {
  const TemporaryFolder folder;
  auto spool = Spool::open(folder.spool(), {.segment_bytes = 64 << 10, .run_bytes = 4096});
  REQUIRE(spool);
  SpoolRun runs[3];
  for (int number = 0; number < 500; ++number) {
    for (int stream = 0; stream < 3; ++stream) {
      const auto bytes = datagram(stream, number, 60 + static_cast<std::size_t>(number % 7));
      REQUIRE((*spool)->append(runs[stream], from_unix_ns(number * 20'000'001LL), bytes));
    }
  }
  for (int stream = 0; stream < 3; ++stream) {
    const auto packets = read_all((*spool)->take(runs[stream]));
    REQUIRE(packets.size() == 500);
    for (int number = 0; number < 500; ++number) {
      const auto& packet = packets[static_cast<std::size_t>(number)];
      CHECK(packet.time == from_unix_ns(number * 20'000'001LL));
      CHECK(packet.ip == datagram(stream, number, 60 + static_cast<std::size_t>(number % 7)));
    }
  }
}

TEST_CASE("a stream that goes on after take gives everything at the next take") {
  const TemporaryFolder folder;
  auto spool = Spool::open(folder.spool(), {});
  REQUIRE(spool);
  SpoolRun run;
  REQUIRE((*spool)->append(run, {}, datagram(1, 1)));
  const SpooledPackets early = (*spool)->take(run);
  REQUIRE((*spool)->append(run, {}, datagram(1, 2)));
  CHECK(read_all(early).size() == 1);
  CHECK(read_all((*spool)->take(run)).size() == 2);
}

TEST_CASE("a full segment goes with its last holder, and not before") {
  const TemporaryFolder folder;
  auto spool = Spool::open(folder.spool(), {.segment_bytes = 8192, .run_bytes = 4096});
  REQUIRE(spool);
  SpooledPackets kept;
  {
    SpoolRun run;
    for (int number = 0; number < 200; ++number) {
      REQUIRE((*spool)->append(run, {}, datagram(1, number)));
    }
    kept = (*spool)->take(run);
  }
  const std::size_t held = segments_on_disk(folder.spool());
  CHECK(held > 3);
  CHECK(read_all(kept).size() == 200);
  SpooledPackets copy = kept;
  kept = {};
  CHECK(segments_on_disk(folder.spool()) == held);
  copy = {};
  CHECK(segments_on_disk(folder.spool()) == 1);  // the one being written
  spool->reset();
  CHECK(segments_on_disk(folder.spool()) == 0);
}

TEST_CASE("packets outlive the spool that wrote them") {
  const TemporaryFolder folder;
  SpooledPackets packets;
  {
    auto spool = Spool::open(folder.spool(), {});
    REQUIRE(spool);
    SpoolRun run;
    REQUIRE((*spool)->append(run, {}, datagram(1, 1)));
    packets = (*spool)->take(run);
  }
  CHECK(read_all(packets).size() == 1);
}

TEST_CASE("a datagram larger than a run is kept too; one larger than IP allows is not") {
  const TemporaryFolder folder;
  auto spool = Spool::open(folder.spool(), {.run_bytes = 4096});
  REQUIRE(spool);
  SpoolRun run;
  REQUIRE((*spool)->append(run, {}, datagram(1, 1, 65535)));
  CHECK_FALSE((*spool)->append(run, {}, datagram(1, 2, 65536)));
  REQUIRE((*spool)->append(run, {}, datagram(1, 3)));
  CHECK(read_all((*spool)->take(run)).size() == 2);
}

TEST_CASE("segments and their folder are closed to others") {
  const TemporaryFolder folder;
  auto spool = Spool::open(folder.spool(), {});
  REQUIRE(spool);
  SpoolRun run;
  REQUIRE((*spool)->append(run, {}, datagram(1, 1)));
  static_cast<void>((*spool)->take(run));
  struct stat status {};
  REQUIRE(::stat(folder.spool().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0750);
  for (const auto& file : fs::directory_iterator(folder.spool())) {
    REQUIRE(::stat(file.path().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0640);
  }
}

TEST_CASE("a disk that refuses is said so, packet by packet, and taken back when it gives way") {
  const TemporaryFolder folder;
  auto spool = Spool::open(folder.spool(), {.run_bytes = 4096});
  REQUIRE(spool);
  SpoolRun run;
  // The kernel refuses writes beyond this size of a file, as a full disk would.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit unlimited{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &unlimited) == 0);
  rlimit small = unlimited;
  small.rlim_cur = 1024;
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  int kept = 0;
  for (int number = 0; number < 3000; ++number) {
    kept += (*spool)->append(run, {}, datagram(1, number)) ? 1 : 0;
  }
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &unlimited) == 0);
  CHECK(kept < 3000);
  CHECK((*spool)->stats().write_errors > 0);
  CHECK((*spool)->last_error().find("File too large") != std::string::npos);
  CHECK(read_all((*spool)->take(run)).size() == static_cast<std::size_t>(kept));
}

TEST_CASE("a folder that cannot be made is an error that names it") {
  const auto spool = Spool::open("/proc/koegura/spool", {});
  REQUIRE_FALSE(spool);
  CHECK(spool.error().message.find("/proc/koegura/spool") != std::string::npos);
}

TEST_CASE("packets are read and dropped on other threads while the spool goes on") {
  const TemporaryFolder folder;
  auto spool = Spool::open(folder.spool(), {.segment_bytes = 8192, .run_bytes = 2048});
  REQUIRE(spool);
  std::vector<std::jthread> readers;
  for (int call = 0; call < 20; ++call) {
    SpoolRun run;
    for (int number = 0; number < 50; ++number) {
      REQUIRE((*spool)->append(run, {}, datagram(call, number)));
    }
    readers.emplace_back([packets = (*spool)->take(run)] {
      SpoolReader reader(packets);
      SpooledPacket packet;
      int count = 0;
      while (reader.next(packet).value_or(false)) ++count;
      if (count != 50) std::abort();
    });
  }
  readers.clear();
  CHECK(segments_on_disk(folder.spool()) == 1);
}

}  // namespace
}  // namespace koegura::capture
