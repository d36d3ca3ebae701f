#include <doctest/doctest.h>

#include <filesystem>

#include "begun_reindex.h"
#include "call_builder.h"
#include "index.h"
#include "store/archive.h"
#include "temporary_folder.h"

namespace koegura::store {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<Archive> open(const std::string& directory, OpenMode mode) {
  auto archive = Archive::open(directory, mode, {});
  if (!archive) FAIL(archive.error().message);
  return std::move(*archive);
}

// Ten calls an hour apart.
void fill(const std::string& directory) {
  const auto archive = open(directory, OpenMode::kWrite);
  for (int i = 0; i < 10; ++i) {
    CallBuilder call("c" + std::to_string(i));
    call.starting(kMorning + std::chrono::hours(i)).to("230" + std::to_string(i));
    REQUIRE(archive->put(call.build()));
  }
}

std::vector<std::string> records_of(const std::string& directory) {
  std::vector<std::string> records;
  REQUIRE(open(directory, OpenMode::kRead)->query({}, [&](const CallRecord& record) {
    records.push_back(record.SerializeAsString());
    return true;
  }));
  return records;
}

struct Outcome {
  Result<ReindexReport> report;
  std::vector<std::pair<std::string, std::string>> problems;
  std::uint64_t last_done = 0;
  std::uint64_t total = 0;
};

Outcome run(const std::string& directory) {
  Outcome outcome;
  outcome.report = reindex(
      directory, {},
      [&](const std::string& path, const Error& why) {
        outcome.problems.emplace_back(path, why.message);
      },
      [&](std::uint64_t done, std::uint64_t total) {
        outcome.last_done = done;
        outcome.total = total;
      });
  return outcome;
}

TEST_CASE("the index made from the files alone equals the one that was lost") {
  const TemporaryFolder folder;
  fill(folder / "archive");
  const auto before = records_of(folder / "archive");
  const auto summary = open(folder / "archive", OpenMode::kRead)->summary();
  fs::remove_all(folder / "archive/index");

  const Outcome outcome = run(folder / "archive");
  if (!outcome.report) FAIL(outcome.report.error().message);
  CHECK(outcome.report->calls == 10);
  CHECK(outcome.report->problems == 0);
  CHECK(outcome.last_done == 10);
  CHECK(outcome.total == 10);
  CHECK(records_of(folder / "archive") == before);
  CHECK(open(folder / "archive", OpenMode::kRead)->summary()->file_bytes == summary->file_bytes);
  CHECK_FALSE(fs::exists(folder / "archive/index.new"));
}

TEST_CASE("an index that is there is replaced, and the archive goes on") {
  const TemporaryFolder folder;
  fill(folder / "archive");
  const auto before = records_of(folder / "archive");
  REQUIRE(run(folder / "archive").report);
  CHECK(records_of(folder / "archive") == before);
  const auto archive = open(folder / "archive", OpenMode::kWrite);
  CHECK(archive->put(CallBuilder("new").build())->was_there == false);
  CHECK(archive->summary()->calls == 11);
}

TEST_CASE("a file that was moved inside calls is found where it lies") {
  const TemporaryFolder folder;
  fill(folder / "archive");
  const std::string first = files_below(folder / "archive/calls").front();
  fs::create_directories(folder / "archive/calls/restored");
  fs::rename(folder / "archive/calls/" + first, folder / "archive/calls/restored/call.mka");
  REQUIRE(run(folder / "archive").report);
  const auto archive = open(folder / "archive", OpenMode::kRead);
  CallFilter oldest;
  oldest.oldest_first = true;
  oldest.limit = 1;
  REQUIRE(archive->query(oldest, [&](const CallRecord& record) {
    CHECK(record.audio().path() == "calls/restored/call.mka");
    return true;
  }));
}

TEST_CASE("damaged, foreign and doubled files are reported by name, the others are indexed") {
  const TemporaryFolder folder;
  fill(folder / "archive");
  const std::vector<std::string> files = files_below(folder / "archive/calls");
  const std::string cut = folder / "archive/calls/" + files[0];
  fs::resize_file(cut, 100);
  const std::string foreign = folder / "archive/calls/2026/music.mka";
  write_content(foreign, "not a Matroska file");
  const std::string copy = folder / "archive/calls/zz-copy.mka";
  fs::copy_file(folder / "archive/calls/" + files[1], copy);
  write_content(folder / "archive/calls/README.txt", "not a call, not a problem");

  const Outcome outcome = run(folder / "archive");
  REQUIRE(outcome.report);
  CHECK(outcome.report->calls == 9);
  CHECK(outcome.report->problems == 3);
  std::vector<std::string> named;
  for (const auto& [path, why] : outcome.problems) named.push_back(path);
  std::sort(named.begin(), named.end());
  std::vector expected{cut, foreign, copy};
  std::sort(expected.begin(), expected.end());
  CHECK(named == expected);
}

TEST_CASE("an archive that is being written is not reindexed") {
  const TemporaryFolder folder;
  fill(folder / "archive");
  const auto archive = open(folder / "archive", OpenMode::kWrite);
  const Outcome outcome = run(folder / "archive");
  REQUIRE_FALSE(outcome.report);
  CHECK(outcome.report.error().message.find("locked") != std::string::npos);
}

TEST_CASE("what is no archive is not made into one by reindexing it") {
  const TemporaryFolder folder;
  CHECK_FALSE(run(folder / "none").report);
  CHECK_FALSE(fs::exists(folder / "none"));
}

TEST_CASE("what a reindex that was cut short left is cleared by the next writer") {
  const TemporaryFolder folder;
  fill(folder / "archive");
  fs::create_directories(folder / "archive/index.new");
  write_content(folder / "archive/index.new/CURRENT", "half");
  const auto before = records_of(folder / "archive");
  open(folder / "archive", OpenMode::kWrite);
  CHECK_FALSE(fs::exists(folder / "archive/index.new"));
  CHECK(records_of(folder / "archive") == before);
}

// ---- cut short --------------------------------------------------------------------------------

// Legs that join: the second of each three is the next hop of the first.
void fill_joined(const std::string& directory) {
  const auto archive = open(directory, OpenMode::kWrite);
  for (int i = 0; i < 30; ++i) {
    CallBuilder call("c" + std::to_string(i));
    call.starting(kMorning + std::chrono::minutes(40 * (i / 3)) + std::chrono::seconds(i % 3));
    call.to("230" + std::to_string(i));
    if (i % 3 < 2) {
      call.call().links.session_ids.push_back(std::string(28, 'a') + std::to_string(1000 + i / 3));
    }
    REQUIRE(archive->put(call.build()));
  }
}

// Every key and value of the index.
std::string everything_in(const std::string& directory) {
  const auto index = Index::open(directory + "/index", {});
  REQUIRE(index);
  const auto cursor = (*index)->cursor();
  REQUIRE(cursor);
  std::string all;
  for ((*cursor)->seek(""); (*cursor)->valid(); (*cursor)->next()) {
    all += std::string((*cursor)->key()) + "=" + std::string((*cursor)->value()) + "\n";
  }
  return all;
}

TEST_CASE("a reindex that was killed goes on, and comes to what one that was not comes to") {
  const TemporaryFolder folder;
  const std::string directory = folder / "archive";
  fill_joined(directory);
  REQUIRE(run(directory).report);
  const std::string whole = everything_in(directory);
  const auto records = records_of(directory);
  CHECK(std::count_if(records.begin(), records.end(), [](const std::string& text) {
          CallRecord record;
          return record.ParseFromString(text) && record.conversation() != record.id();
        }) == 10);
  for (std::size_t calls = 0; calls <= 30; ++calls) {
    CAPTURE(calls);
    begin_reindex(directory, calls, "JP");
    const Outcome outcome = run(directory);
    REQUIRE(outcome.report);
    CHECK(outcome.report->calls == 30);
    CHECK(outcome.report->resumed == calls);
    CHECK(everything_in(directory) == whole);
  }
}

TEST_CASE(
    "a reindex begins anew where what is left is of other settings, damaged or out of order") {
  const TemporaryFolder folder;
  const std::string directory = folder / "archive";
  fill_joined(directory);
  REQUIRE(run(directory).report);
  const std::string whole = everything_in(directory);
  SUBCASE("another region") {
    begin_reindex(directory, 20, "DE");
  }
  SUBCASE("no index at all") {
    write_content(directory + "/index.new", "a file");
  }
  SUBCASE("a damaged one") {
    begin_reindex(directory, 20, "JP");
    write_content(directory + "/index.new/CURRENT", "nothing\n");
  }
  SUBCASE("a file put back among those that were done") {
    const std::string file = directory + "/calls/" + files_below(directory + "/calls")[4];
    fs::rename(file, folder / "away");
    begin_reindex(directory, 20, "JP");
    fs::rename(folder / "away", file);
  }
  const Outcome outcome = run(directory);
  if (!outcome.report) FAIL(outcome.report.error().message);
  CHECK(outcome.report->calls == 30);
  CHECK(outcome.report->resumed == 0);
  CHECK(everything_in(directory) == whole);
}

}  // namespace
}  // namespace koegura::store
