// The archive on a disk that is full. Each program has its own view of mounts, so that the small
// disk vanishes with it.
#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>

#include "call_builder.h"
#include "store/archive.h"
#include "store/finisher.h"
#include "temporary_folder.h"

namespace koegura::store {
namespace {

namespace fs = std::filesystem;

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

}  // namespace
}  // namespace koegura::store
