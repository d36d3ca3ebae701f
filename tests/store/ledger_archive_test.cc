// Calls and their entries: each call that is put has one, whatever came in between.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "../wait_until.h"
#include "archive_with_ledger.h"
#include "call_file.h"
#include "call_hashes.h"
#include "entry_marks.h"
#include "record.h"

namespace koegura::store {
namespace {

namespace fs = std::filesystem;

// The first test, so that there are no threads yet that a fork would lose.
TEST_CASE("killed after a put: its entry is there, and signed by the next start") {
  const TemporaryFolder folder;
  const std::string directory = folder / "archive";
  const pid_t writer = ::fork();
  REQUIRE(writer >= 0);
  if (writer == 0) {
    const auto archive = Archive::open(directory, OpenMode::kWrite, {});
    ::_exit(archive && (*archive)->put(numbered(1)) ? 0 : 1);  // as killed: nothing is closed
  }
  int status = 0;
  REQUIRE(::waitpid(writer, &status, 0) == writer);
  REQUIRE(status == 0);
  CHECK(entries_of(directory, "archived").size() == 1);
  CHECK((*Ledger::open(directory))->head()->entries == 0);
  open(directory);
  CHECK(entries_of(directory, "archived").size() == 1);
  CHECK((*Ledger::open(directory))->head()->entries == 1);
  CHECK(all_faults(directory) == Faults());
}

TEST_CASE("an entry has the hashes of the call's file and record, and who wrote it") {
  const ArchiveWithLedger archive;
  const std::vector<LedgerEntry> entries = entries_of(archive.path, "archived");
  REQUIRE(entries.size() == 2);
  const LedgerEntry& entry = entries[1];
  CHECK(entry.sequence() == 1);
  CHECK(entry.call() == archive.id);
  CHECK(entry.file_sha256() == hex(*sha256_of_file(archive.file)));
  CHECK(entry.record_sha256() == hex(hashes_of_call_file(archive.file)->record));
  CHECK_FALSE(entry.who().empty());
  CHECK(entry.has_time());
  CHECK_FALSE(entry.adopted());
  CHECK(all_faults(archive.path) == Faults());
}

TEST_CASE("a proof is that of the call, and nobody's who is not there") {
  const ArchiveWithLedger archive;
  const auto ledger = Ledger::open(archive.path);
  REQUIRE(ledger);
  const auto proof = (*ledger)->prove(archive.id);
  REQUIRE(proof);
  CHECK(proof->index == 1);
  CHECK(proof->path.size() == 1);
  CHECK(tlog_proof(*proof).starts_with("c2sp.org/tlog-proof@v1\nextra "));
  const auto none = (*ledger)->prove("01AAAAAAAAAAAAAAAAAAAAAAAA");
  REQUIRE_FALSE(none);
  CHECK(none.error().kind == ErrorKind::kNotFound);
}

TEST_CASE("what is noted is in the ledger once the archive is closed, in its order") {
  const ArchiveWithLedger archive;
  {
    const auto writer = open(archive.path);
    for (int i = 0; i < 100; ++i) {
      LedgerEntry entry;
      entry.set_kind("outage");
      entry.set_reason(std::to_string(i));
      writer->note(entry);
    }
  }
  const std::vector<LedgerEntry> entries = entries_of(archive.path, "outage");
  REQUIRE(entries.size() == 100);
  for (int i = 0; i < 100; ++i) {
    CHECK(entries[static_cast<std::size_t>(i)].reason() == std::to_string(i));
  }
  CHECK((*Ledger::open(archive.path))->head()->entries == 102);
}

TEST_CASE("a note that is too long is told, and the next ones are written") {
  const ArchiveWithLedger archive;
  {
    const auto writer = open(archive.path);
    LedgerEntry entry;
    entry.set_kind("outage");
    entry.set_reason(std::string(kMostLineBytes, 'x'));
    writer->note(entry);
    CHECK(writer->summary()->ledger_problem.find("too long") != std::string::npos);
    entry.set_reason("short");
    writer->note(entry);
  }
  CHECK(entries_of(archive.path, "outage").size() == 1);
}

// ---- died in between --------------------------------------------------------------------------

TEST_CASE("died after the row, before the entry: the next start enters the call, once") {
  const ArchiveWithLedger archive;
  std::string id;
  archive.inside([&](const ArchiveFolder& folder, Index& index) {
    const decode::RenderedCall call = numbered(2);
    CallRecord record = make_record(call, {});
    record.mutable_audio()->set_path(call_file_path(call.call, record.id()));
    const auto bytes = write_call_file(folder, call, record, /*sync=*/true);
    REQUIRE(bytes);
    id = record.id();
    SUBCASE("with its row") {
      REQUIRE(index.add(record, *bytes));
    }
    SUBCASE("without its row: it died before") {}
  });
  open(archive.path);
  open(archive.path);
  CHECK(archive.has_each_once(3));
  CHECK(entries_of(archive.path, "archived").back().call() == id);
  CHECK(entries_of(archive.path, "archived").back().adopted());
  CHECK(all_faults(archive.path) == Faults());
}

TEST_CASE("died after the entry, before its mark went: it is not entered again") {
  const ArchiveWithLedger archive;
  archive.inside([&](const ArchiveFolder&, Index& index) {
    const auto position = ledger_position(index);
    REQUIRE(position);
    REQUIRE(position->has_value());
    CHECK((*position)->entries == 2);
    REQUIRE(index.change({{waiting_key(*Ulid::parse(archive.id)), std::string()}}));
    REQUIRE(set_ledger_position(index, {.entries = 1, .origin = (*position)->origin}));
  });
  open(archive.path);
  CHECK(archive.has_each_once(2));
  archive.inside([&](const ArchiveFolder&, Index& index) {
    CHECK(is_marked(index, *Ulid::parse(archive.id)) == false);
  });
}

TEST_CASE("a row whose file is gone waits for the call, and is entered when it comes") {
  const ArchiveWithLedger archive;
  fs::remove(archive.file);
  {
    const auto writer = open(archive.path);
    CHECK(archive.has_each_once(2));
    const auto added = writer->put(numbered(1));
    REQUIRE(added);
    CHECK_FALSE(added->was_there);
  }
  CHECK(archive.entries_by_call().at(archive.id) == 2);  // archived, lost, archived again
  CHECK(all_faults(archive.path) == Faults());
}

TEST_CASE("an index made anew knows its entries again") {
  const ArchiveWithLedger archive;
  REQUIRE(reindex(
      archive.path, {}, [](const std::string&, const Error&) {}, [](auto, auto) {}));
  open(archive.path);
  open(archive.path);
  CHECK(archive.has_each_once(2));
  CHECK(all_faults(archive.path) == Faults());
}

TEST_CASE("an archive without a ledger gets one: each call once, those beyond a few meanwhile") {
  constexpr int kCalls = 50;
  const ArchiveWithLedger archive;
  {
    const auto writer = open(archive.path);
    for (int i = 2; i < kCalls; ++i) REQUIRE(writer->put(numbered(i)));
  }
  fs::remove_all(archive.path + "/ledger");
  archive.inside([&](const ArchiveFolder&, Index& index) {
    REQUIRE(index.change({{ledger_key(), std::nullopt}}));
  });
  const auto none = LedgerAudit::read(archive.path, {}, [](const LedgerFault&) {});
  REQUIRE_FALSE(none);
  CHECK(none.error().kind == ErrorKind::kNotFound);
  {
    const auto writer = open(archive.path);
    REQUIRE(writer->put(numbered(kCalls)));
    test::wait_until([&] { return archive.entries_by_call().size() == kCalls + 1; });
  }
  CHECK(archive.has_each_once(kCalls + 1));
  CHECK(all_faults(archive.path) == Faults());
}

TEST_CASE(
    "a ledger that came from elsewhere is asked for each call, and what it has too many is found") {
  const ArchiveWithLedger archive;
  const ArchiveWithLedger other;
  { REQUIRE(open(other.path)->put(numbered(7))); }
  fs::remove_all(archive.path + "/ledger");
  fs::copy(other.path + "/ledger", archive.path + "/ledger", fs::copy_options::recursive);
  open(archive.path);
  const auto counts = archive.entries_by_call();
  CHECK(counts.at(archive.id) == 1);  // the same call with the same bytes is in both
  const Faults faults = all_faults(archive.path);
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].find("it is missing: entry 2 of the ledger") != std::string::npos);
}

TEST_CASE("an archive whose ledger was cut back is not written to, and says what to do") {
  const ArchiveWithLedger archive;
  fs::resize_file(archive.path + "/ledger/entries.jsonl", 10);
  const auto refused = Archive::open(archive.path, OpenMode::kWrite, {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kVerification);
  CHECK(refused.error().message.find("it has 0 entries, and its last signed head says 2") !=
        std::string::npos);
  CHECK(open(archive.path, OpenMode::kRead)->find(archive.id));
}

TEST_CASE("a recorder goes on without a ledger that was cut back, and enters all once it is back") {
  const ArchiveWithLedger archive;
  const std::string entries = archive.path + "/ledger/entries.jsonl";
  const std::string whole = content_of(entries);
  fs::resize_file(entries, 10);
  std::string id;
  {
    ArchiveOptions options;
    options.without_refused_ledger = true;
    const auto recording = Archive::open(archive.path, OpenMode::kWrite, options);
    REQUIRE(recording);
    const auto added = (*recording)->put(numbered(7));
    REQUIRE(added);
    id = added->id;
    (*recording)->note(LedgerEntry());
    const auto summary = (*recording)->summary();
    CHECK(summary->ledger_refused);
    CHECK(summary->ledger_problem.find("it has 0 entries") != std::string::npos);
    ArchiveChange access;
    access.mutable_access()->add_calls(id);
    const auto changed = (*recording)->change(access, "");
    REQUIRE_FALSE(changed);
    CHECK(changed.error().kind == ErrorKind::kVerification);
  }
  CHECK(fs::file_size(entries) == 10);  // kept as it was found
  write_content(entries, whole);
  open(archive.path);
  CHECK(archive.entries_by_call().at(id) == 1);
  CHECK(all_faults(archive.path).empty());
}

// ---- threads ----------------------------------------------------------------------------------

TEST_CASE("eight threads put and note at once: each call has its entry, in one chain") {
  constexpr int kThreads = 8;
  constexpr int kCallsEach = 6;
  const TemporaryFolder folder;
  const std::string directory = folder / "archive";
  {
    const auto archive = open(directory);
    std::vector<std::jthread> threads;
    std::atomic<int> failed = 0;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kCallsEach; ++i) {
          if (!archive->put(numbered(t * kCallsEach + i))) ++failed;
          LedgerEntry entry;
          entry.set_kind("outage");
          archive->note(entry);
        }
      });
    }
    threads.clear();
    CHECK(failed == 0);
  }
  CHECK(entries_of(directory, "archived").size() == kThreads * kCallsEach);
  CHECK(entries_of(directory, "outage").size() == kThreads * kCallsEach);
  CHECK(all_faults(directory) == Faults());
}

}  // namespace
}  // namespace koegura::store
