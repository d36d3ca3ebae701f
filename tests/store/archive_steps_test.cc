// A call on its way into the archive, and a recorder that dies after each step of it: the next
// start finishes the step or undoes it, and the call, put again from the spool, is there once.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "archive_folder.h"
#include "call_builder.h"
#include "call_file.h"
#include "record.h"
#include "store/archive.h"
#include "temporary_folder.h"

namespace koegura::store {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<Archive> open(const std::string& directory) {
  auto archive = Archive::open(directory, OpenMode::kWrite, {});
  if (!archive) FAIL(archive.error().message);
  return std::move(*archive);
}

decode::RenderedCall the_call() {
  CallBuilder call("the call");
  call.starting(kMorning + std::chrono::hours(1));
  return call.build();
}

// The first test, so that there are no threads yet that a fork would lose.
TEST_CASE("died after the row: the call is there, and not archived twice") {
  const TemporaryFolder folder;
  const pid_t writer = ::fork();
  REQUIRE(writer >= 0);
  if (writer == 0) {
    const auto archive = Archive::open(folder / "archive", OpenMode::kWrite, {});
    ::_exit(archive && (*archive)->put(the_call()) ? 0 : 1);  // as killed: nothing is closed
  }
  int status = 0;
  REQUIRE(::waitpid(writer, &status, 0) == writer);
  REQUIRE(status == 0);
  const auto archive = open(folder / "archive");
  const auto added = archive->put(the_call());
  REQUIRE(added);
  CHECK(added->was_there);
  CHECK(archive->summary()->calls == 1);
}

// An archive of one call, and one more that gets as far as each test says.
class ArchiveUnderTest {
 public:
  ArchiveUnderTest() {
    const auto archive = open(path);
    REQUIRE(archive->put(CallBuilder("before").build()));
    id = archive->id_of(the_call().call);
  }
  // Writes the call's file, and neither its row nor anything after it.
  void write_file(bool in_place) {
    const auto inside = ArchiveFolder::open_for_writing(path);
    REQUIRE(inside);
    const decode::RenderedCall call = the_call();
    CallRecord record = make_record(call, {});
    record.mutable_audio()->set_path(call_file_path(call.call, record.id()));
    REQUIRE(write_call_file(*inside, call, record, /*sync=*/true));
    file = path + "/" + record.audio().path();
    if (in_place) return;
    fs::rename(file, path + "/tmp/" + record.id() + ".mka.part");
    file.clear();
  }
  // What the next start makes of it, and then of the same call from the spool.
  void check_once(bool known_at_start) {
    const auto archive = open(path);
    CHECK(files_below(path + "/tmp").empty());
    CHECK(archive->contains(id) == known_at_start);
    const auto added = archive->put(the_call());
    REQUIRE(added);
    CHECK(added->was_there == known_at_start);
    CHECK(archive->summary()->calls == 2);
    CHECK(files_below(path + "/calls").size() == 2);
    CHECK(archive->find(id));
    CHECK(fs::file_size(archive->file_of(*archive->find(id))) > 0);
  }

 private:
  TemporaryFolder folder_;

 public:
  std::string path = folder_ / "archive";
  std::string id;
  std::string file;
};

TEST_CASE("died while the file was written: it goes") {
  ArchiveUnderTest archive;
  archive.write_file(/*in_place=*/false);
  const std::string part = archive.path + "/tmp/" + archive.id + ".mka.part";
  fs::resize_file(part, fs::file_size(part) / 2);
  archive.check_once(/*known_at_start=*/false);
}

TEST_CASE("died before the rename: the file goes, whole as it is") {
  ArchiveUnderTest archive;
  archive.write_file(/*in_place=*/false);
  archive.check_once(/*known_at_start=*/false);
}

TEST_CASE("died after the rename: the start adds the row, though the call may never come again") {
  ArchiveUnderTest archive;
  archive.write_file(/*in_place=*/true);
  archive.check_once(/*known_at_start=*/true);
}

TEST_CASE("a file in its place that is not whole gets no row, and is replaced") {
  ArchiveUnderTest archive;
  archive.write_file(/*in_place=*/true);
  std::string content = content_of(archive.file);
  SUBCASE("nothing of it reached the disk") {
    content.clear();
  }
  SUBCASE("a part of it did") {
    content.resize(content.size() / 2);
  }
  SUBCASE("zeros did") {
    content.assign(content.size(), '\0');
  }
  write_content(archive.file, content);
  archive.check_once(/*known_at_start=*/false);
}

TEST_CASE("a row whose file never reached the disk is no archived call") {
  ArchiveUnderTest archive;
  SUBCASE("its name neither") {
    const auto writer = open(archive.path);
    REQUIRE(writer->put(the_call()));
    fs::remove(writer->file_of(*writer->find(archive.id)));
  }
  SUBCASE("its name did") {
    const auto writer = open(archive.path);
    REQUIRE(writer->put(the_call()));
    fs::resize_file(writer->file_of(*writer->find(archive.id)), 0);
  }
  archive.check_once(/*known_at_start=*/false);
}

TEST_CASE("rows are made up for over as many days as lack them, and no further") {
  const TemporaryFolder folder;
  constexpr int kDays = 12;
  {
    const auto archive = open(folder / "archive");
    for (int day = 0; day < kDays; ++day) {
      CallBuilder call("c" + std::to_string(day));
      call.starting(kMorning + std::chrono::hours(24 * day));
      REQUIRE(archive->put(call.build()));
    }
  }
  // The index as it was never filled.
  { open(folder / "empty"); }
  fs::remove_all(folder / "archive/index");
  fs::rename(folder / "empty/index", folder / "archive/index");
  CHECK(open(folder / "archive")->summary()->calls == kDays);
}

}  // namespace
}  // namespace koegura::store
