// What goes on beside the rebuild of an index: notes, calls that end, settings that change.
#include <doctest/doctest.h>

#include <future>
#include <map>

#include "rebuild_story.h"
#include "store/finisher.h"
#include "watched_archive.h"

namespace koegura::store {
namespace {

LedgerEntry outage(const std::string& reason) {
  LedgerEntry entry;
  entry.set_kind("outage");
  entry.set_reason(reason);
  return entry;
}

std::vector<std::string> outages_in(const std::string& directory) {
  std::vector<std::string> reasons;
  for (const LedgerEntry& entry : entries_of(directory, "outage")) {
    reasons.push_back(entry.reason());
    CHECK(entry.has_time());
    CHECK(entry.boot() != "");
    CHECK(entry.who() != "");
  }
  return reasons;
}

TEST_CASE("what is noted meanwhile stands in the ledger, whether or not the rebuild ends") {
  const DamagedArchive damaged;
  const std::string& directory = damaged.directory;
  using Reasons = std::vector<std::string>;
  {
    SlowFile slow(directory, "zz");
    Heard heard;
    auto archive = open_anyway(directory, heard);
    slow.wait_for_reader();
    archive->note(outage("a"));
    archive->note(outage("b"));
    SUBCASE("it ends") {
      slow.release();
      heard.wait_for_report();
      archive->note(outage("c"));
      archive.reset();
      CHECK(outages_in(directory) == Reasons{"a", "b", "c"});
    }
    SUBCASE("it is stopped") {
      auto gone = std::async(std::launch::async, [&] { archive.reset(); });
      CHECK(gone.wait_for(milliseconds(500)) == std::future_status::timeout);
      slow.release();
      gone.get();
      CHECK(outages_in(directory) == Reasons{"a", "b"});
      Heard again;
      archive = open_anyway(directory, again);
      again.wait_for_report();
      archive.reset();
      CHECK(outages_in(directory) == Reasons{"a", "b"});
    }
  }
  CHECK(all_faults(directory).empty());
  std::map<std::string, int> archived;
  for (const LedgerEntry& entry : entries_of(directory, "archived")) ++archived[entry.call()];
  CHECK(archived.size() == kCalls);
  for (const auto& [call, times] : archived) CHECK(times == 1);
}

TEST_CASE("of notes without end as many are kept as there is room for") {
  const DamagedArchive damaged;
  const std::string& directory = damaged.directory;
  SlowFile slow(directory, "zz");
  Heard heard;
  ArchiveOptions unsynced;
  unsynced.sync = false;
  auto archive = open_anyway(directory, heard, unsynced);
  slow.wait_for_reader();
  for (int i = 0; i < 10'100; ++i) archive->note(outage("n"));
  slow.release();
  heard.wait_for_report();
  archive.reset();
  CHECK(outages_in(directory).size() == 10'000);
}

TEST_CASE("calls that end meanwhile wait, none fails, and are archived then") {
  const DamagedArchive damaged;
  const std::string& directory = damaged.directory;
  SlowFile slow(directory, "zz");
  Heard heard;
  const auto archive = open_anyway(directory, heard);
  const auto finisher = Finisher::create(
      {.threads = 2, .render = {}, .patient = true, .retry_after = milliseconds(1)}, *archive);
  slow.wait_for_reader();
  for (int i = 100; i < 104; ++i) finisher->take(finished(i));
  finisher->take(finished(0));  // is there already
  wait_until([&] { return !finisher->stats().index_refusal.empty(); });
  CHECK(finisher->stats().waiting == 5);
  CHECK(finisher->stats().disk_refusal == "");
  slow.release();
  heard.wait_for_report();
  wait_until([&] { return finisher->stats().waiting == 0; });
  const FinisherStats stats = finisher->stats();
  CHECK(stats.archived == 4);
  CHECK(stats.already_there == 1);
  CHECK(stats.failed == 0);
  CHECK(stats.index_refusal == "");
  CHECK(archive->summary()->calls == kCalls + 4);
}

TEST_CASE("settings that change meanwhile are the archive's") {
  const DamagedArchive damaged;
  const std::string& directory = damaged.directory;
  SlowFile slow(directory, "zz");
  Heard heard;
  const auto archive = open_anyway(directory, heard);
  slow.wait_for_reader();
  ArchiveOptions changed;
  changed.internal_numbers = {"23??"};
  archive->set_options(changed);
  slow.release();
  heard.wait_for_report();
  CallBuilder call("inwards");
  call.starting(kMorning + std::chrono::hours(1)).from("0312345678").to("2301");
  const auto added = archive->put(call.build());
  REQUIRE(added);
  CHECK(archive->find(added->id)->direction() == "in");
}

}  // namespace
}  // namespace koegura::store
