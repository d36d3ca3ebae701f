// An archive whose index is damaged: how it is opened, rebuilt, stopped and gone on with.
#include "store/rebuilding_archive.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <csignal>
#include <future>

#include "begun_reindex.h"
#include "index.h"
#include "rebuild_story.h"

namespace koegura::store {
namespace {

template <typename Answer>
void check_refused(const Result<Answer>& answer) {
  REQUIRE_FALSE(answer);
  CHECK(answer.error().kind == ErrorKind::kDamaged);
  CHECK(answer.error().message.find("the index is damaged, and is being rebuilt: 12 of 13 call "
                                    "files read") != std::string::npos);
}

void check_not_yet(Archive& archive) {
  const decode::RenderedCall call = numbered(100);
  const std::string id = archive.id_of(call.call);
  CHECK(Ulid::parse(id));
  check_refused(archive.contains(id));
  check_refused(archive.put(call));
  check_refused(archive.find(id));
  check_refused(archive.query({}, [](const CallRecord&) { return true; }));
  check_refused(archive.count({}));
  check_refused(archive.check_room());
  check_refused(archive.change({}, "somebody"));
  check_refused(archive.retention(Outlook::kDue));
  check_refused(archive.holds());
  const auto summary = archive.summary();
  REQUIRE(summary);
  CHECK(summary->index_problem.find("12 of 13") != std::string::npos);
  CHECK(summary->disk_total_bytes > 0);
  CHECK(archive.is_rebuilding());
  const auto rebuild = archive.rebuild();
  REQUIRE(rebuild);
  CHECK(rebuild->done == kCalls);
  CHECK(rebuild->total == kCalls + 1);
  CHECK(rebuild->refusal == "");
  CHECK(rebuild->damage.find("koegura reindex") != std::string::npos);
}

TEST_CASE("whatever of the index is damaged, it opens, and answers as before once it is rebuilt") {
  const TemporaryFolder folder;
  const std::string directory = folder / "archive";
  fill(directory);
  const auto before = records_of(*open(directory, OpenMode::kRead));
  SUBCASE("a table that is cut") {
    damage_table(directory);
  }
  SUBCASE("a byte of a table's end") {
    const std::string table = index_file(directory, ".sst");
    flip(table, fs::file_size(table) - 4);
  }
  SUBCASE("a table that is gone") {
    fs::remove(index_file(directory, ".sst"));
  }
  SUBCASE("a manifest that is cut") {
    truncate(index_file(directory, "MANIFEST"));
  }
  SUBCASE("a byte of the manifest") {
    const std::string manifest = index_file(directory, "MANIFEST");
    flip(manifest, fs::file_size(manifest) / 2);
  }
  SUBCASE("a manifest that is gone") {
    fs::remove(index_file(directory, "MANIFEST"));
  }
  SUBCASE("all of it is gone") {
    fs::remove_all(directory + "/index");
  }
  SlowFile slow(directory, "zz");
  Heard heard;
  const auto archive = open_anyway(directory, heard);
  slow.wait_for_reader();
  check_not_yet(*archive);
  slow.release();
  const ReindexReport report = heard.wait_for_report();
  CHECK(report.calls == kCalls);
  CHECK(heard.refusals().empty());
  CHECK_FALSE(archive->is_rebuilding());
  CHECK(archive->rebuild()->is_over);
  CHECK(records_of(*archive) == before);
  CHECK(archive->summary()->calls == kCalls);
  CHECK(archive->summary()->index_problem == "");
  CHECK(archive->contains(archive->id_of(numbered(3).call)).value());
  CHECK(archive->check_room());
  CHECK_FALSE(archive->put(numbered(100))->was_there);
  CHECK(archive->summary()->calls == kCalls + 1);
}

TEST_CASE("what is well is opened at once, and nothing is rebuilt for another reason than damage") {
  const TemporaryFolder folder;
  const std::string directory = folder / "archive";
  fill(directory);
  Heard heard;
  SUBCASE("a good index") {
    const auto archive = open_anyway(directory, heard);
    CHECK_FALSE(archive->rebuild());
    CHECK(archive->summary()->calls == kCalls);
  }
  SUBCASE("none yet") {
    const auto archive = open_anyway(folder / "new", heard);
    CHECK_FALSE(archive->rebuild());
    CHECK(archive->put(numbered(0)));
  }
  const auto refused = [&] {
    const auto archive = open_or_rebuild(directory, {}, heard.options());
    REQUIRE_FALSE(archive);
    CHECK(archive.error().kind != ErrorKind::kDamaged);
    return archive.error().message;
  };
  SUBCASE("a newer schema") {
    {
      const auto index =
          Index::open(directory + "/index", {.access = IndexOptions::Access::kWrite});
      REQUIRE(index);
      REQUIRE((*index)->change_now({{schema_key(), "99"}}));
    }
    CHECK(refused().find("schema 99") != std::string::npos);
  }
  SUBCASE("another writer") {
    const auto writer = open(directory);
    CHECK(refused().find("locked") != std::string::npos);
  }
  SUBCASE("a newer format") {
    write_content(directory + "/format", "koegura archive 9\n");
    CHECK(refused().find("format 9") != std::string::npos);
  }
}

TEST_CASE("nobody else has the archive from the first look to the end") {
  const DamagedArchive damaged;
  const std::string& directory = damaged.directory;
  SlowFile slow(directory, "zz");
  Heard heard;
  auto archive = open_anyway(directory, heard);
  const auto check_locked = [&] {
    const auto other = Archive::open(directory, OpenMode::kWrite, {});
    REQUIRE_FALSE(other);
    CHECK(other.error().message.find("locked") != std::string::npos);
    const auto ignore = [](auto&&...) {};
    CHECK_FALSE(reindex(directory, {}, ignore, ignore));
  };
  slow.wait_for_reader();
  check_locked();
  slow.release();
  heard.wait_for_report();
  check_locked();
  archive.reset();
  CHECK(open(directory)->summary()->calls == kCalls);
}

TEST_CASE("one that was killed is gone on with by the next start") {
  const DamagedArchive damaged;
  const std::string& directory = damaged.directory;
  begin_reindex(directory, 7, "JP");
  Heard heard;
  const auto archive = open_anyway(directory, heard);
  const ReindexReport report = heard.wait_for_report();
  CHECK(report.resumed == 7);
  CHECK(report.calls == kCalls);
  CHECK(records_of(*archive) == damaged.before);
}

TEST_CASE("one that is stopped stops within a file, and leaves what it has for the next start") {
  const DamagedArchive damaged;
  const std::string& directory = damaged.directory;
  {
    SlowFile slow(directory, "zz");
    Heard heard;
    auto archive = open_anyway(directory, heard);
    slow.wait_for_reader();
    auto gone = std::async(std::launch::async, [&] { archive.reset(); });
    // It cannot end while the file is not read; long before that it has been told to.
    CHECK(gone.wait_for(milliseconds(500)) == std::future_status::timeout);
    slow.release();
    gone.get();
    CHECK(heard.refusals().empty());
  }
  CHECK(fs::exists(directory + "/index.new/CURRENT"));
  Heard heard;
  const auto archive = open_anyway(directory, heard);
  CHECK(heard.wait_for_report().resumed == kCalls);
  CHECK(records_of(*archive) == damaged.before);
}

// No file of this process may grow past some bytes: what a disk does that refuses to be written to.
class RefusingDisk {
 public:
  RefusingDisk() {
    std::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    rlimit now = before_;
    now.rlim_cur = 64;
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &now) == 0);
  }
  RefusingDisk(const RefusingDisk&) = delete;
  RefusingDisk& operator=(const RefusingDisk&) = delete;
  ~RefusingDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST_CASE("a rebuild that the disk refuses is told of, and tried again until it succeeds") {
  const DamagedArchive damaged;
  const std::string& directory = damaged.directory;
  SlowFile slow(directory, "zz");
  Heard heard;
  const auto archive = open_anyway(directory, heard);
  slow.wait_for_reader();
  {
    const RefusingDisk refuses;
    slow.release();
    wait_until([&] { return !heard.refusals().empty(); });
    const Result<void> room = archive->check_room();
    REQUIRE_FALSE(room);
    CHECK(room.error().kind == ErrorKind::kDamaged);
    CHECK(room.error().message.find("cannot be rebuilt yet") != std::string::npos);
    CHECK(room.error().message.find("File too large") != std::string::npos);
    CHECK(archive->rebuild()->refusal.find("File too large") != std::string::npos);
    CHECK(archive->is_rebuilding());
  }
  heard.wait_for_report();
  CHECK(archive->rebuild()->refusal == "");
  CHECK(records_of(*archive) == damaged.before);
  CHECK_FALSE(fs::exists(directory + "/index.new"));
}

TEST_CASE("files that cannot be read are named, and stay told of") {
  const DamagedArchive damaged;
  const std::string& directory = damaged.directory;
  const std::string cut = directory + "/calls/" + files_below(directory + "/calls")[5];
  fs::resize_file(cut, 100);
  Heard heard;
  const auto archive = open_anyway(directory, heard);
  CHECK(heard.wait_for_report().problems == 1);
  CHECK(heard.problems() == std::vector{cut});
  const auto rebuild = archive->rebuild();
  REQUIRE(rebuild);
  CHECK(rebuild->problems == 1);
  CHECK(rebuild->first_problem.starts_with(cut + ": "));
  CHECK(archive->summary()->calls == kCalls - 1);
}

}  // namespace
}  // namespace koegura::store
