#include "capture/spool_folder.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>

#include "../wait_until.h"
#include "capture/pcapng.h"
#include "count_packets.h"
#include "packet_builder.h"
#include "recovered_spool.h"

namespace koegura::capture {
namespace {

namespace fs = std::filesystem;
using koegura::test::wait_until;
using test::count_packets;
using test::Octets;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "koegura-folder-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { fs::remove_all(path_); }
  [[nodiscard]] fs::path path(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

constexpr SpoolOptions kQuick{.segment_bytes = 16U << 10U,
                              .run_bytes = 4096,
                              .flush_interval = std::chrono::milliseconds(50),
                              .buffer_bytes = 1U << 20U};

std::unique_ptr<SpoolFolder> open(const fs::path& path, const SpoolOptions& options = kQuick) {
  auto folder = SpoolFolder::open(path, options);
  REQUIRE(folder);
  return std::move(*folder);
}

// An IPv4 datagram that says which one it is.
Octets datagram(unsigned stream, unsigned number, std::size_t size = 200) {
  Octets ip = test::udp("192.0.2.1:4000", "192.0.2.9:6000", std::string(size, 'x')).bytes;
  ip[ip.size() - 1] = static_cast<std::byte>(stream);
  ip[ip.size() - 2] = static_cast<std::byte>(number);
  ip[ip.size() - 3] = static_cast<std::byte>(number >> 8U);
  return ip;
}

Timestamp at(unsigned number) {
  return from_unix_ns(1'800'000'000'000'000'000 + 20'000'000LL * number);
}

void append(Spool& spool, SpoolRun& run, unsigned stream, unsigned from, unsigned to) {
  for (unsigned number = from; number < to; ++number) {
    REQUIRE(spool.append(run, at(number), datagram(stream, number)));
  }
}

// The writer has let go of them: who holds them now is alone.
void wait_for_writer(const SpooledPackets& packets) {
  for (const RunHold& run : packets.runs()) wait_until([&] { return !run.get()->is_shared(); });
}

std::size_t segments(const fs::path& path) {
  std::size_t count = 0;
  for (const auto& file : fs::directory_iterator(path)) {
    count += file.path().extension() == ".pcapng" ? 1 : 0;
  }
  return count;
}

struct Again {
  std::vector<Timestamp> times;
  std::vector<Octets> packets;
  RecoveredStats stats;

  [[nodiscard]] std::size_t of_stream(unsigned stream) const {
    std::size_t count = 0;
    for (const Octets& packet : packets) count += packet.back() == std::byte(stream) ? 1 : 0;
    return count;
  }
};

// What the next process finds. `keep` may take each packet.
Again read_again(SpoolFolder& folder,
                 const std::function<void(RecoveredSpool&, Bytes)>& keep = {}) {
  Again again;
  const auto recovered = folder.recover();
  if (!recovered) return again;
  std::vector<Frame> burst(100);
  std::size_t size = 0;
  while ((size = recovered->read(burst)) != 0 ||
         (recovered->next_life() && (size = recovered->read(burst)) != 0)) {
    for (std::size_t i = 0; i < size; ++i) {
      again.times.push_back(burst[i].time);
      again.packets.emplace_back(burst[i].bytes.begin(), burst[i].bytes.end());
      if (keep) keep(*recovered, burst[i].bytes);
    }
  }
  again.stats = recovered->stats();
  recovered->finish();
  return again;
}

// The folder as it is on disk at this moment: what a kill would leave.
fs::path killed(const TemporaryFolder& temporary, const fs::path& spool) {
  const fs::path copy = temporary.path("after");
  fs::remove_all(copy);
  fs::copy(spool, copy);
  return copy;
}

TEST_CASE("what was handed over is found by the next process, in order of time") {
  const TemporaryFolder temporary;
  const auto folder = open(temporary.path("spool"));
  const auto rx = folder->make_spool("rx0");
  const auto sip = folder->make_spool("sip");
  SpoolRun streams[2];
  SpoolRun leg;
  append(*rx, streams[0], 0, 0, 200);
  append(*rx, streams[1], 1, 0, 200);
  append(*sip, leg, 2, 100, 101);
  for (SpoolRun& run : streams) rx->hand_over(run);
  sip->hand_over(leg);
  const SpooledPackets held[] = {rx->take(streams[0]), rx->take(streams[1]), sip->take(leg)};
  CHECK(count_packets(held[0]) == 200);
  CHECK(count_packets(held[1]) == 200);
  CHECK(count_packets(held[2]) == 1);

  const auto next = open(killed(temporary, temporary.path("spool")));
  const Again again = read_again(*next);
  CHECK(again.packets.size() == 401);
  CHECK(std::is_sorted(again.times.begin(), again.times.end()));
  CHECK(again.stats.damaged_bytes == 0);
  CHECK(again.stats.last_packet == at(199));
  CHECK(again.stats.segments > 5);
  // Nobody took any: they are not kept for ever.
  wait_until([&] { return segments(temporary.path("after")) == 0; });
}

TEST_CASE("a call that was archived does not come back, though its segment stays for another") {
  const TemporaryFolder temporary;
  const auto folder = open(temporary.path("spool"));
  const auto rx = folder->make_spool("rx0");
  SpoolRun streams[2];
  append(*rx, streams[0], 0, 0, 40);
  append(*rx, streams[1], 1, 0, 40);
  FinishedCall archived;
  archived.streams.emplace_back().spooled = rx->take(streams[0]);
  const SpooledPackets other = rx->take(streams[1]);
  CHECK(count_packets(other) == 40);
  streams[0] = {};
  wait_for_writer(archived.streams[0].spooled);
  archived.release_packets();
  const fs::path note = temporary.path("spool") / "released";
  wait_until([&] { return fs::file_size(note) > 40; });
  const auto next = open(killed(temporary, temporary.path("spool")));
  const Again again = read_again(*next);
  CHECK(again.of_stream(0) == 0);
  CHECK(again.of_stream(1) == 40);
}

TEST_CASE("a segment goes when all it holds is released, and not before that is noted") {
  const TemporaryFolder temporary;
  const auto folder = open(temporary.path("spool"));
  const auto rx = folder->make_spool("rx0");
  {
    SpoolRun run;
    append(*rx, run, 0, 0, 500);
    CHECK(count_packets(rx->take(run)) == 500);
    CHECK(segments(temporary.path("spool")) >= 7);
  }
  wait_until([&] { return segments(temporary.path("spool")) <= 1; });  // the current one
}

TEST_CASE("packets that are kept are there at the next start; those in the sink's hands too") {
  const TemporaryFolder temporary;
  {
    const auto folder = open(temporary.path("spool"));
    const auto rx = folder->make_spool("rx0");
    SpoolRun run;
    append(*rx, run, 3, 0, 60);
    FinishedCall failed;
    failed.streams.emplace_back().spooled = rx->take(run);
    run = {};
    failed.keep_packets();
    CHECK(failed.streams[0].spooled.empty());
    CHECK(folder->close(std::chrono::seconds(5)));
  }
  const auto next = open(temporary.path("spool"));
  CHECK(read_again(*next).of_stream(3) == 60);
}

TEST_CASE("packets read again are kept where they stand, and released from there") {
  const TemporaryFolder temporary;
  {
    const auto folder = open(temporary.path("spool"));
    const auto rx = folder->make_spool("rx0");
    SpoolRun run;
    append(*rx, run, 3, 0, 60);
    keep_on_disk(rx->take(run).runs());
    CHECK(folder->close(std::chrono::seconds(5)));
  }
  const auto next = open(temporary.path("spool"));
  const auto rx = next->make_spool("again");
  SpoolRun run;
  const auto recovered = next->recover();
  REQUIRE(recovered);
  rx->read_again(recovered.get());
  std::vector<Frame> burst(7);
  REQUIRE(recovered->next_life());
  while (const std::size_t size = recovered->read(burst)) {
    for (std::size_t i = 0; i < size; ++i) {
      REQUIRE(rx->append(run, burst[i].time, burst[i].bytes));
    }
  }
  rx->read_again(nullptr);
  recovered->finish();
  SpooledPackets packets = rx->take(run);
  CHECK(segments(temporary.path("spool")) == 1);  // nothing was written anew
  CHECK(packets.runs().size() == 1);              // neighbours are one
  std::size_t count = 0;
  {
    SpoolReader reader(packets);
    SpooledPacket packet;
    for (; reader.next(packet).value_or(false); ++count) {
      CHECK(packet.time == at(static_cast<unsigned>(count)));
      CHECK(Octets(packet.ip.begin(), packet.ip.end()) ==
            datagram(3, static_cast<unsigned>(count)));
    }
  }
  CHECK(count == 60);
  run = {};
  release_together(std::move(packets.runs()));
  wait_until([&] { return segments(temporary.path("spool")) == 0; });
}

TEST_CASE("torn, zeroed and overwritten stretches are passed over, and what lies behind is read") {
  const TemporaryFolder temporary;
  const fs::path spool = temporary.path("spool");
  constexpr SpoolOptions kOneSegment{.flush_interval = std::chrono::milliseconds(50)};
  {
    const auto folder = open(spool, kOneSegment);
    const auto rx = folder->make_spool("rx0");
    SpoolRun run;
    append(*rx, run, 3, 0, 100);
    keep_on_disk(rx->take(run).runs());
    CHECK(folder->close(std::chrono::seconds(5)));
  }
  const fs::path file = spool / "00000001-rx0.pcapng";
  const auto block = static_cast<long>(enhanced_packet_size(datagram(0, 0).size()));
  const long first = static_cast<long>(fs::file_size(file)) - 100 * block;
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(first + 10 * block + 8);
  bytes << std::string(static_cast<std::size_t>(3 * block), '\0');  // four blocks are touched
  bytes.close();
  fs::resize_file(file, fs::file_size(file) - 50);  // and the last one is torn
  const auto next = open(spool, kOneSegment);
  const Again again = read_again(*next);
  CHECK(again.packets.size() == 95);
  CHECK(again.stats.damaged_bytes > 0);
  REQUIRE(again.stats.problems.size() == 1);  // the torn end is none
  CHECK(again.stats.problems[0].find("00000001-rx0.pcapng: offset ") != std::string::npos);
}

TEST_CASE("a batch of releases that is cut off does not count at all") {
  const TemporaryFolder temporary;
  const auto folder = open(temporary.path("spool"));
  const auto rx = folder->make_spool("rx0");
  SpoolRun kept;
  append(*rx, kept, 1, 0, 10);  // holds the segment
  const SpooledPackets holder = rx->take(kept);
  SpoolRun run;
  append(*rx, run, 0, 0, 50);
  FinishedCall archived;
  archived.streams.emplace_back().spooled = rx->take(run);
  run = {};
  wait_for_writer(archived.streams[0].spooled);
  archived.release_packets();
  const fs::path note = temporary.path("spool") / "released";
  wait_until([&] { return fs::file_size(note) > 40; });
  const fs::path after = killed(temporary, temporary.path("spool"));
  fs::resize_file(after / "released", fs::file_size(after / "released") - 1);
  const auto next = open(after);
  CHECK(read_again(*next).of_stream(0) == 50);
}

TEST_CASE("releases that the disk cannot read any more keep nobody from starting") {
  const TemporaryFolder temporary;
  const fs::path spool = temporary.path("spool");
  {
    const auto folder = open(spool);
    const auto rx = folder->make_spool("rx0");
    SpoolRun run;
    append(*rx, run, 3, 0, 60);
    FinishedCall failed;
    failed.streams.emplace_back().spooled = rx->take(run);
    run = {};
    failed.keep_packets();
    CHECK(folder->close(std::chrono::seconds(5)));
  }
  fs::remove(spool / "released");
  fs::create_directory(spool / "released");  // what cannot be read
  const auto next = open(spool);
  CHECK(next->stats().last_error.find("released") != std::string::npos);
  CHECK(read_again(*next).of_stream(3) == 60);
}

TEST_CASE("a process whose wall clock was set is told on the clock that it had at its end") {
  const TemporaryFolder temporary;
  {
    const auto folder = open(temporary.path("spool"));
    const auto rx = folder->make_spool("rx0");
    SpoolRun run;
    append(*rx, run, 0, 0, 10);
    rx->hand_over(run);
    rx->set_wall_offset(std::chrono::hours(1));
    append(*rx, run, 0, 10, 20);
    keep_on_disk(rx->take(run).runs());
    CHECK(folder->close(std::chrono::seconds(5)));
  }
  const auto next = open(temporary.path("spool"));
  const auto recovered = next->recover();
  REQUIRE(recovered);
  std::vector<Frame> burst(100);
  REQUIRE(recovered->next_life());
  REQUIRE(recovered->read(burst) == 20);
  for (unsigned i = 0; i < 20; ++i) CHECK(burst[i].time == at(i) + std::chrono::hours(1));
  recovered->finish();
  const auto& offsets = recovered->wall_offsets();
  REQUIRE(offsets.size() == 2);
  CHECK(offsets[0].offset == -std::chrono::hours(1));
  CHECK(offsets[1].offset == std::chrono::hours(0));
  CHECK(offsets[1].from == at(10) + std::chrono::hours(1));
}

TEST_CASE("a full disk: what finds no room in the buffer is refused; what waits is written later") {
  if (::geteuid() != 0) {
    std::puts("skipped: root mounts the small disk");
    return;
  }
  const TemporaryFolder temporary;
  const fs::path disk = temporary.path("disk");
  fs::create_directory(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=1m") != 0) {
    std::puts("skipped: no mounting here");
    return;
  }
  {
    std::ofstream(disk / "ballast") << std::string(600'000, 'b');
    const auto folder = open(disk / "spool");
    const auto rx = folder->make_spool("rx0");
    SpoolRun run;
    unsigned number = 0;
    while (rx->append(run, at(number), datagram(0, number))) ++number;
    CHECK(number * 232 > kQuick.buffer_bytes / 2);  // that much waits in memory
    wait_until([&] { return folder->stats().refused; });
    CHECK(folder->stats().last_error.find("No space left") != std::string::npos);
    fs::remove(disk / "ballast");
    ::mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT, "size=8m");
    wait_until([&] { return !folder->stats().refused; });
    const SpooledPackets packets = rx->take(run);
    CHECK(count_packets(packets) == number);
    run = {};
  }
  CHECK(::umount(disk.c_str()) == 0);
}

}  // namespace
}  // namespace koegura::capture
