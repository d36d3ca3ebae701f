#include "store/archive.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <thread>
#include <vector>

#include "call_builder.h"
#include "temporary_folder.h"

namespace koegura::store {
namespace {

namespace fs = std::filesystem;

const bool kJapaneseTime = [] {
  ::setenv("TZ", "Asia/Tokyo", 1);
  ::tzset();
  return true;
}();

std::unique_ptr<Archive> open(const std::string& directory, OpenMode mode = OpenMode::kWrite) {
  auto archive = Archive::open(directory, mode, {});
  if (!archive) FAIL(archive.error().message);
  return std::move(*archive);
}

Error refusal(const std::string& directory, OpenMode mode) {
  const auto archive = Archive::open(directory, mode, {});
  if (archive) FAIL("it was opened");
  return archive.error();
}

std::string put(Archive& archive, CallBuilder&& call) {
  const auto added = archive.put(call.build());
  if (!added) FAIL(added.error().message);
  CHECK_FALSE(added->was_there);
  return added->id;
}

unsigned mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777U;
}

bool says(const Error& error, std::string_view part) {
  INFO(error.message);
  return error.message.find(part) != std::string::npos;
}

TEST_CASE("a call that was put is a file of its name, and is found with its record") {
  const TemporaryFolder folder;
  const auto archive = open(folder / "archive");
  const std::string id = put(*archive, CallBuilder("c1"));
  const std::string path = "calls/2026/11/21/20261121T101502+0900_0312345678_2301_" + id + ".mka";
  CHECK(files_below(folder / "archive/calls") == std::vector{path.substr(6)});
  CHECK(files_below(folder / "archive/tmp").empty());

  const auto record = archive->find(id);
  REQUIRE(record);
  CHECK(record->call_id() == "c1");
  CHECK(record->audio().path() == path);
  CHECK(archive->file_of(*record) == folder / "archive" + "/" + path);
  CHECK(archive->contains(id) == true);
}

TEST_CASE("files are for the owner and the group, and for nobody else") {
  const TemporaryFolder folder;
  const auto archive = open(folder / "archive");
  const auto record = archive->find(put(*archive, CallBuilder("c1")));
  REQUIRE(record);
  CHECK(mode_of(archive->file_of(*record)) == 0640);
  for (const char* inside : {"", "/calls", "/calls/2026/11/21", "/index", "/tmp"}) {
    CAPTURE(inside);
    CHECK(mode_of(folder / "archive" + inside) == 0750);
  }
}

TEST_CASE("what would not fit into a file name is left out of it, and nothing leaves the folder") {
  const TemporaryFolder folder;
  const auto archive = open(folder / "archive");
  CallBuilder call("c1");
  call.from("../../etc/pass wd;a=b").to(std::string(100, '9'));
  const auto record = archive->find(put(*archive, std::move(call)));
  REQUIRE(record);
  const std::string name = fs::path(record->audio().path()).filename();
  CHECK(name == "20261121T101502+0900_....etcpasswdab_" + std::string(32, '9') + "_" +
                    record->id() + ".mka");
}

TEST_CASE("a call that is there already is not written again") {
  const TemporaryFolder folder;
  const auto archive = open(folder / "archive");
  const std::string id = put(*archive, CallBuilder("c1"));
  const auto before = fs::last_write_time(archive->file_of(*archive->find(id)));
  const auto again = archive->put(CallBuilder("c1").build());
  REQUIRE(again);
  CHECK(again->was_there);
  CHECK(again->id == id);
  CHECK(fs::last_write_time(archive->file_of(*archive->find(id))) == before);
  CHECK(archive->summary()->calls == 1);
}

TEST_CASE("threads that put the same call archive it once") {
  const TemporaryFolder folder;
  const auto archive = open(folder / "archive");
  std::atomic<int> written{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        const auto added = archive->put(CallBuilder("c1").build());
        if (added && !added->was_there) ++written;
      });
    }
  }
  CHECK(written == 1);
  CHECK(archive->summary()->calls == 1);
  CHECK(files_below(folder / "archive/calls").size() == 1);
}

TEST_CASE("a call whose file was lost is archived again, and counted once") {
  const TemporaryFolder folder;
  const auto archive = open(folder / "archive");
  const std::string id = put(*archive, CallBuilder("c1"));
  fs::remove(archive->file_of(*archive->find(id)));
  CHECK(archive->contains(id) == false);
  CHECK(put(*archive, CallBuilder("c1")) == id);
  CHECK(archive->contains(id) == true);
  CHECK(archive->summary()->calls == 1);
}

TEST_CASE("calls outlive the archive object, the summary counts them") {
  const TemporaryFolder folder;
  std::uint64_t bytes = 0;
  {
    const auto archive = open(folder / "archive");
    for (int i = 0; i < 3; ++i) {
      CallBuilder call("c" + std::to_string(i));
      call.starting(kMorning + std::chrono::hours(i));
      put(*archive, std::move(call));
    }
    bytes = archive->summary()->file_bytes;
  }
  const auto archive = open(folder / "archive", OpenMode::kRead);
  const auto summary = archive->summary();
  REQUIRE(summary);
  CHECK(summary->calls == 3);
  CHECK(summary->oldest == kMorning);
  CHECK(summary->newest == kMorning + std::chrono::hours(2));
  CHECK(summary->file_bytes == bytes);
  std::uint64_t on_disk = 0;
  for (const std::string& file : files_below(folder / "archive/calls")) {
    on_disk += fs::file_size(folder / "archive/calls/" + file);
  }
  CHECK(bytes == on_disk);
  CHECK(summary->disk_total_bytes > summary->disk_free_bytes);
}

TEST_CASE("an empty archive is a summary of nothing, not an error") {
  const TemporaryFolder folder;
  const auto archive = open(folder / "archive");
  const auto summary = archive->summary();
  REQUIRE(summary);
  CHECK(summary->calls == 0);
  CHECK_FALSE(summary->oldest);
}

TEST_CASE("a call is found by six characters or more of its id, in any case") {
  const TemporaryFolder folder;
  const auto archive = open(folder / "archive");
  const std::string id = put(*archive, CallBuilder("c1"));
  std::string lower = id.substr(0, 6);
  for (char& c : lower) c = static_cast<char>(std::tolower(c));
  CHECK(archive->find(lower)->id() == id);
  CHECK(archive->find(id.substr(0, 20))->id() == id);
  CHECK(archive->find(id.substr(0, 5)).error().kind == ErrorKind::kUsage);
  CHECK(archive->find("7ZZZZZZZ").error().kind == ErrorKind::kNotFound);
  CHECK(archive->find("no-such-id").error().kind == ErrorKind::kNotFound);
  CHECK(archive->find(id + "0").error().kind == ErrorKind::kNotFound);
}

TEST_CASE("a prefix of several ids is refused and lists some of them") {
  const TemporaryFolder folder;
  const auto archive = open(folder / "archive");
  const std::string one = put(*archive, CallBuilder("c1"));
  const std::string other = put(*archive, CallBuilder("c2"));
  const auto found = archive->find(one.substr(0, 8));
  REQUIRE_FALSE(found);
  CHECK(found.error().kind == ErrorKind::kUsage);
  CHECK(says(found.error(), one));
  CHECK(says(found.error(), other));
}

TEST_CASE("a reader beside the writer sees what is archived after it opened") {
  const TemporaryFolder folder;
  const auto writer = open(folder / "archive");
  const auto reader = open(folder / "archive", OpenMode::kRead);
  CHECK(reader->summary()->calls == 0);
  const std::string id = put(*writer, CallBuilder("c1"));
  CHECK(reader->summary()->calls == 1);
  CHECK(reader->find(id));
}

TEST_CASE("a reader writes nothing") {
  const TemporaryFolder folder;
  put(*open(folder / "archive"), CallBuilder("c1"));
  const auto state = [&] {
    std::vector<std::pair<std::string, fs::file_time_type>> files;
    for (const std::string& file : files_below(folder / "archive")) {
      files.emplace_back(file, fs::last_write_time(folder / "archive/" + file));
    }
    return files;
  };
  const auto before = state();
  const auto reader = open(folder / "archive", OpenMode::kRead);
  CHECK(reader->summary()->calls == 1);
  CHECK(state() == before);
}

TEST_CASE("one writer at a time") {
  const TemporaryFolder folder;
  const auto archive = open(folder / "archive");
  CHECK(says(refusal(folder / "archive", OpenMode::kWrite), "locked by another process"));
}

TEST_CASE("opening for writing empties tmp") {
  const TemporaryFolder folder;
  open(folder / "archive");
  write_content(folder / "archive/tmp/01KAJ.mka.part", "half a call");
  open(folder / "archive");
  CHECK(files_below(folder / "archive/tmp").empty());
}

TEST_CASE("a folder of something else is refused and left alone") {
  const TemporaryFolder folder;
  write_content(folder / "letter.txt", "dear city");
  CHECK(says(refusal(folder.path(), OpenMode::kWrite), "not empty (it holds letter.txt)"));
  CHECK(says(refusal(folder.path(), OpenMode::kRead), "not an archive"));
  CHECK(files_below(folder.path()) == std::vector<std::string>{"letter.txt"});
}

TEST_CASE("a folder that holds only the recorder's spool becomes an archive") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "archive/spool");
  open(folder / "archive");
  CHECK(content_of(folder / "archive/format") == "koegura archive 1\n");
}

TEST_CASE("an archive of a newer format is refused and left alone") {
  const TemporaryFolder folder;
  write_content(folder / "format", "koegura archive 7\n");
  for (const OpenMode mode : {OpenMode::kRead, OpenMode::kWrite}) {
    const Error error = refusal(folder.path(), mode);
    CHECK(says(error, "has format 7, this program reads up to 1: upgrade koegura"));
    CHECK(says(error, folder.path()));
  }
  CHECK(files_below(folder.path()) == std::vector<std::string>{"format"});
}

TEST_CASE("a format file that says nothing is refused") {
  const TemporaryFolder folder;
  write_content(folder / "format", "something else\n");
  CHECK(says(refusal(folder.path(), OpenMode::kWrite), "`format` cannot be read"));
}

TEST_CASE("reading an archive that is not there says how to make one") {
  const TemporaryFolder folder;
  CHECK(says(refusal(folder / "none", OpenMode::kRead), "koegura record"));
  CHECK_FALSE(fs::exists(folder / "none"));
}

TEST_CASE("a file in the archive's place is refused") {
  const TemporaryFolder folder;
  write_content(folder / "file", "x");
  CHECK(says(refusal(folder / "file", OpenMode::kRead), "not a folder"));
  CHECK(says(refusal(folder / "file", OpenMode::kWrite), "not a folder"));
}

TEST_CASE("an archive without its index is refused and says what to do") {
  const TemporaryFolder folder;
  put(*open(folder / "archive"), CallBuilder("c1"));
  fs::remove_all(folder / "archive/index");
  CHECK(says(refusal(folder / "archive", OpenMode::kRead), "koegura reindex"));
  CHECK(says(refusal(folder / "archive", OpenMode::kWrite), "koegura reindex"));
}

TEST_CASE("a damaged index is an error that says what to do, for reader and writer") {
  const TemporaryFolder folder;
  put(*open(folder / "archive"), CallBuilder("c1"));
  write_content(folder / "archive/index/CURRENT", "MANIFEST-999999\n");
  CHECK(says(refusal(folder / "archive", OpenMode::kRead), "index"));
  CHECK(says(refusal(folder / "archive", OpenMode::kWrite), "index"));
}

TEST_CASE("root does not write into the archive of somebody else, whose recorder would not start") {
  if (::geteuid() != 0) return;
  const TemporaryFolder folder;
  const std::string directory = folder / "archive";
  REQUIRE(Archive::open(directory, OpenMode::kWrite, {}));
  REQUIRE(::chown(directory.c_str(), 12345, 12345) == 0);
  const auto before = files_below(directory);
  const auto refused = Archive::open(directory, OpenMode::kWrite, {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kNotPermitted);
  CHECK(refused.error().message.find("run `sudo -u #12345 koegura") != std::string::npos);
  const auto ignore = [](auto&&...) {};
  CHECK(reindex(directory, {}, ignore, ignore).error().kind == ErrorKind::kNotPermitted);
  CHECK(files_below(directory) == before);
  CHECK(Archive::open(directory, OpenMode::kRead, {}));
}

}  // namespace
}  // namespace koegura::store
