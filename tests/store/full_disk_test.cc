// The archive on a disk that is full. Each program has its own view of mounts, so that the small
// disk vanishes with it.
#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "../wait_until.h"
#include "call_builder.h"
#include "retention_story.h"
#include "store/archive.h"
#include "store/finisher.h"
#include "store/rebuilding_archive.h"
#include "temporary_folder.h"

namespace koegura::store {
namespace {

namespace fs = std::filesystem;
using test::wait_until;

// Before there is any thread that would stay behind in the old view.
const bool kOwnMounts =
    ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;

constexpr rlim_t kFileLimit = 256U << 10U;

// While it lives no file of this process may grow beyond the limit: the write fails with EFBIG.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t limit) {
    std::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    rlimit small = before_;
    small.rlim_cur = limit;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

std::unique_ptr<Archive> open(const std::string& directory) {
  auto archive = Archive::open(directory, OpenMode::kWrite, {});
  if (!archive) FAIL(archive.error().message);
  return std::move(*archive);
}

// A call whose file takes about this much.
decode::RenderedCall call_of(const std::string& call_id, std::size_t bytes) {
  CallBuilder call(call_id);
  call.call().caller.display_name = std::string(bytes, 'x');
  return call.build();
}

// A tmpfs of 48 MB; RocksDB sets several of them aside for its log. Nothing without the right to
// mount.
std::optional<std::string> small_disk(const TemporaryFolder& folder) {
  fs::create_directories(folder / "disk");
  const bool mounted =
      kOwnMounts && ::mount("koegura", (folder / "disk").c_str(), "tmpfs", 0, "size=48m") == 0;
  if (!mounted) {
    MESSAGE("NOT TESTED: mounting a small disk needs root");
    return std::nullopt;
  }
  return folder / "disk";
}

// Takes all the space there is.
void fill(const std::string& path) {
  std::ofstream file(path, std::ios::binary);
  const std::string block(4096, 'f');
  while (file.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) continue;
}

TEST_CASE("a file that cannot be written leaves nothing, and the archive goes on") {
  const TemporaryFolder folder;
  const auto archive = open(folder / "archive");
  REQUIRE(archive->put(call_of("before", 100)));
  {
    const FileSizeLimit limit(kFileLimit);
    const auto added = archive->put(call_of("large", 2 * kFileLimit));
    REQUIRE_FALSE(added);
    CAPTURE(added.error().message);
    CHECK(added.error().message.find("archive " + folder.path()) != std::string::npos);
    CHECK(added.error().message.find("writing call") != std::string::npos);
  }
  CHECK(files_below(folder / "archive/tmp").empty());
  CHECK(files_below(folder / "archive/calls").size() == 1);
  CHECK(archive->summary()->calls == 1);
  CHECK(archive->put(call_of("large", 2 * kFileLimit))->was_there == false);
  CHECK(archive->summary()->calls == 2);
}

TEST_CASE(
    "an index that cannot be written takes the file back, and both are there after reopening") {
  const TemporaryFolder folder;
  int archived = 0;
  bool failed = false;
  {
    const auto archive = open(folder / "archive");
    const FileSizeLimit limit(kFileLimit);
    // Small files, one log: it is the log that reaches the limit.
    while (!failed && archived < 1000) {
      const auto added = archive->put(call_of("c" + std::to_string(archived), 2000));
      failed = !added;
      if (added) ++archived;
      if (failed) CHECK(added.error().message.find("index") != std::string::npos);
    }
  }
  REQUIRE(failed);
  CHECK(files_below(folder / "archive/calls").size() == static_cast<std::size_t>(archived));
  CHECK(files_below(folder / "archive/tmp").empty());

  const auto archive = open(folder / "archive");
  CHECK(archive->put(call_of("c0", 2000))->was_there);
  const auto again = archive->put(call_of("c" + std::to_string(archived), 2000));
  REQUIRE(again);
  CHECK_FALSE(again->was_there);
  CHECK(files_below(folder / "archive/calls").size() == static_cast<std::size_t>(archived) + 1);
  CHECK(archive->summary()->calls == static_cast<std::uint64_t>(archived) + 1);
}

TEST_CASE("an index that was refused once goes on when it can, without being opened again") {
  const TemporaryFolder folder;
  const auto archive = open(folder / "archive");
  int archived = 0;
  bool failed = false;
  {
    const FileSizeLimit limit(kFileLimit);
    while (!failed && archived < 1000) {
      const auto added = archive->put(call_of("c" + std::to_string(archived), 2000));
      failed = !added;
      if (added) ++archived;
    }
  }
  REQUIRE(failed);
  const auto again = archive->put(call_of("c" + std::to_string(archived), 2000));
  if (!again) FAIL(again.error().message);
  CHECK(archive->check_room());
  CHECK(archive->summary()->calls == static_cast<std::uint64_t>(archived) + 1);
}

TEST_CASE("a full disk is named, costs no call that was archived, and ends when there is space") {
  const TemporaryFolder folder;
  const std::optional<std::string> disk = small_disk(folder);
  if (!disk) return;
  const auto archive = open(*disk + "/archive");
  REQUIRE(archive->put(call_of("before", 100)));
  fill(*disk + "/filler");

  const auto added = archive->put(call_of("too late", 100'000));
  REQUIRE_FALSE(added);
  CAPTURE(added.error().message);
  CHECK(added.error().message.find("disk full while writing call") != std::string::npos);
  CHECK(added.error().message.find("free space") != std::string::npos);
  CHECK(files_below(*disk + "/archive/calls").size() == 1);
  CHECK(files_below(*disk + "/archive/tmp").empty());

  {
    const auto finisher =
        Finisher::create({.threads = 2, .queue_limit = 2, .render = {}}, *archive);
    for (int i = 0; i < 20; ++i) {
      finisher->take(std::move(call_of("f" + std::to_string(i), 100'000).call));
    }
    finisher->drain();
    CHECK(finisher->stats().failed == 20);
    CHECK(finisher->stats().first_error.find("disk full") != std::string::npos);
  }

  fs::remove(*disk + "/filler");
  const auto again = archive->put(call_of("too late", 100'000));
  if (!again) FAIL(again.error().message);
  CHECK(archive->summary()->calls == 2);
}

TEST_CASE("the reserve stays free: calls wait for it, none fails, and nothing is deleted") {
  const TemporaryFolder folder;
  const std::optional<std::string> disk = small_disk(folder);
  if (!disk) return;
  ArchiveOptions options;
  options.reserve_bytes = 8U << 20U;
  auto opened = Archive::open(*disk + "/archive", OpenMode::kWrite, options);
  if (!opened) FAIL(opened.error().message);
  const auto& archive = *opened;
  REQUIRE(archive->put(call_of("before", 100)));
  CHECK(archive->check_room());

  fill(*disk + "/filler");
  fs::resize_file(*disk + "/filler", fs::file_size(*disk + "/filler") - (4U << 20U));
  const auto room = archive->check_room();
  REQUIRE_FALSE(room);
  CAPTURE(room.error().message);
  for (const char* part : {"disk full", "4 MB are free", "the disk at ", "8 MB must stay free",
                           "archive.reserve", "free space", "nothing is deleted"}) {
    CAPTURE(part);
    CHECK(room.error().message.find(part) != std::string::npos);
  }
  CHECK(room.error().message.find(*disk + " of 50 MB") != std::string::npos);
  // Reading a capture file, which may be read again.
  const auto added = archive->put(call_of("too late", 100));
  REQUIRE_FALSE(added);
  CHECK(added.error().message.find("disk full") != std::string::npos);

  FinisherOptions patient;
  patient.patient = true;
  const auto finisher = Finisher::create(patient, *archive);
  for (int i = 0; i < 20; ++i) {
    finisher->take(std::move(call_of("w" + std::to_string(i), 100'000).call));
  }
  CHECK(finisher->stats().waiting == 20);
  CHECK(files_below(*disk + "/archive/calls").size() == 1);
  fs::remove(*disk + "/filler");
  finisher->drain();
  CHECK(finisher->stats().archived == 20);
  CHECK(finisher->stats().failed == 0);
  CHECK(archive->summary()->calls == 21);
}

TEST_CASE("a full disk erases nothing, though there are calls whose time is over") {
  const TemporaryFolder folder;
  const std::optional<std::string> disk = small_disk(folder);
  if (!disk) return;
  const std::string directory = *disk + "/archive";
  StoryClock clock;
  ArchiveOptions options;
  options.clock = [&] { return clock.now(); };
  options.reserve_bytes = 8U << 20U;
  const auto archive = Archive::open(directory, OpenMode::kWrite, options);
  if (!archive) FAIL(archive.error().message);
  CallBuilder call("old");
  const auto old =
      (*archive)->put(call.starting(kMorning - std::chrono::hours(24 * 366 * 6)).build());
  REQUIRE(old);
  REQUIRE((*archive)->retention(Outlook::kDue)->due() == 1);
  // Below the reserve; there is space for a tombstone.
  fill(*disk + "/filler");
  fs::resize_file(*disk + "/filler", fs::file_size(*disk + "/filler") - (4U << 20U));

  const auto finisher = Finisher::create({.threads = 2, .queue_limit = 2, .render = {}}, **archive);
  for (int i = 0; i < 20; ++i) {
    finisher->take(std::move(call_of("n" + std::to_string(i), 100'000).call));
  }
  finisher->drain();
  CHECK(finisher->stats().failed == 20);
  CHECK_FALSE((*archive)->check_room());
  CHECK((*archive)->retention(Outlook::kDue)->due() == 1);
  CHECK((*archive)->find(old->id));
  CHECK(files_below(directory + "/calls").size() == 1);

  // Only who asks for it erases.
  fs::remove(*disk + "/filler");
  ArchiveChange erase;
  erase.mutable_erase_due()->set_most(256);
  const auto erased = (*archive)->change(erase, "manager");
  if (!erased) FAIL(erased.error().message);
  CHECK(erased->erased().calls() == 1);
  CHECK(files_below(directory + "/calls").empty());
}

TEST_CASE("calls wait for a disk that refuses to be written, though it has space") {
  const TemporaryFolder folder;
  const std::optional<std::string> disk = small_disk(folder);
  if (!disk) return;
  const auto archive = open(*disk + "/archive");
  const std::string written = *disk + "/archive/tmp";
  REQUIRE(::mount(written.c_str(), written.c_str(), nullptr, MS_BIND, nullptr) == 0);
  REQUIRE(::mount(nullptr, written.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) ==
          0);
  CHECK(archive->check_room());  // nobody has tried yet

  FinisherOptions patient;
  patient.patient = true;
  patient.attempts = 1;
  const auto finisher = Finisher::create(patient, *archive);
  finisher->take(std::move(call_of("c1", 100).call));
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (finisher->stats().disk_refusal.empty() && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const FinisherStats stats = finisher->stats();
  CAPTURE(stats.disk_refusal);
  CHECK(stats.disk_refusal.find("Read-only file system") != std::string::npos);
  CHECK(stats.waiting == 1);
  CHECK(stats.failed == 0);
  REQUIRE(::umount2(written.c_str(), MNT_DETACH) == 0);
  finisher->drain();
  CHECK(finisher->stats().archived == 1);
}

TEST_CASE("an archive cannot be made on a full disk, and says so") {
  const TemporaryFolder folder;
  const std::optional<std::string> disk = small_disk(folder);
  if (!disk) return;
  fill(*disk + "/filler");
  const auto archive = Archive::open(*disk + "/archive", OpenMode::kWrite, {});
  REQUIRE_FALSE(archive);
  CAPTURE(archive.error().message);
  CHECK(archive.error().message.find("archive " + *disk) != std::string::npos);
  CHECK(archive.error().message.find("o space left") != std::string::npos);
}

TEST_CASE("a disk that is mounted read-only is refused for writing and can be read") {
  const TemporaryFolder folder;
  const std::optional<std::string> disk = small_disk(folder);
  if (!disk) return;
  REQUIRE(open(*disk + "/archive")->put(call_of("c1", 100)));
  REQUIRE(::mount(nullptr, disk->c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0);
  const auto writer = Archive::open(*disk + "/archive", OpenMode::kWrite, {});
  REQUIRE_FALSE(writer);
  CAPTURE(writer.error().message);
  CHECK(writer.error().message.find("not writable") != std::string::npos);
  const auto reader = Archive::open(*disk + "/archive", OpenMode::kRead, {});
  if (!reader) FAIL(reader.error().message);
  CHECK((*reader)->summary()->calls == 1);
}

TEST_CASE("what must stay free is not taken to rebuild an index, and once there is room it is") {
  const TemporaryFolder folder;
  const auto disk = small_disk(folder);
  if (!disk) return;
  const std::string directory = *disk + "/archive";
  REQUIRE(open(directory)->put(call_of("before", 100)));
  fs::remove_all(directory + "/index");
  const std::string ballast = *disk + "/ballast";
  write_content(ballast, std::string(36U << 20U, 'f'));
  ArchiveOptions options;
  options.reserve_bytes = 16U << 20U;
  const auto archive =
      open_or_rebuild(directory, options, {.retry_after = std::chrono::milliseconds(5)});
  REQUIRE(archive);
  const auto room = [&] { return (*archive)->check_room(); };
  wait_until([&] { return !(*archive)->rebuild()->refusal.empty(); });
  CHECK((*archive)->rebuild()->refusal.find("16 MB must stay free") != std::string::npos);
  CHECK(room().error().kind == ErrorKind::kDamaged);
  CHECK_FALSE(fs::exists(directory + "/index.new"));
  fs::remove(ballast);
  wait_until([&] { return !(*archive)->is_rebuilding(); });
  CHECK(room());
  CHECK((*archive)->summary()->calls == 1);
}

}  // namespace
}  // namespace koegura::store
