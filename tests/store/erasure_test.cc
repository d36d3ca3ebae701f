// Erasures: what is due goes with all that was of it, its tombstone stays, and whoever dies in
// between is made up for.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "archive_with_ledger.h"
#include "erasure.h"
#include "index_format.h"
#include "ledger_format.h"
#include "ledger_log.h"
#include "lived_time.h"
#include "record.h"
#include "retention_story.h"
#include "store/directory_file.h"

namespace koegura::store {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;

constexpr Duration kDay = hours(24);
constexpr Duration kSixYears = hours(24 * 366 * 6);

// Two calls of six years ago and one of today.
class Due : public RetentionStory {
 public:
  Due() {
    open_archive();
    old_start = clock.real - kSixYears;
    old = put("old", old_start);
    older = put("older", old_start - kDay);
    young = put("young", clock.real);
  }
  Timestamp old_start;
  std::string old;
  std::string older;
  std::string young;
};

TEST_CASE(
    "what is due goes, with its file and what lies beside it; the tombstone says what and why") {
  Due story;
  const std::string file = story.archive->file_of(*story.archive->find(story.old));
  const std::string hash = hex(*sha256_of_file(file));
  std::ofstream(file.substr(0, file.size() - 4) + ".notes.jsonl") << "{}\n";
  REQUIRE(story.files() == 4);
  const Erased erased = story.erase_due();
  CHECK(erased.calls() == 2);
  CHECK_FALSE(erased.more());
  CHECK(erased.problems_size() == 0);
  CHECK(story.ids() == std::set<std::string>{story.young});
  CHECK(story.files() == 1);
  CHECK(story.archive->summary()->calls == 1);

  const auto tombstones = entries_of(story.path, "erased");
  REQUIRE(tombstones.size() == 2);
  CHECK(tombstones[0].call() == story.older);  // the oldest first
  CHECK(tombstones[1].call() == story.old);
  CHECK(tombstones[1].file_sha256() == hash);
  CHECK(tombstones[1].rule() == "default");
  CHECK(tombstones[1].who() == "manager");
  CHECK(from_proto(tombstones[1].expired()) == expiry(story.old_start, {}));
  CHECK(story.erase_due().calls() == 0);
  story.archive.reset();
  CHECK(all_faults(story.path) == Faults());
}

TEST_CASE(
    "an erased call does not come back: not from the spool, nor by a copy of its file or a "
    "reindex") {
  Due story;
  const std::string file = story.archive->file_of(*story.archive->find(story.old));
  const std::string copy = story.path + "/copy";
  fs::copy_file(file, copy);
  story.erase_due();
  CallBuilder again("old");
  const auto added = story.archive->put(again.starting(story.old_start).build());
  REQUIRE(added);
  CHECK(added->was_there);
  CHECK(*story.archive->contains(story.old));
  CHECK(story.ids() == std::set<std::string>{story.young});

  fs::copy_file(copy, file);
  story.open_archive();  // which looks for files without a row
  CHECK(story.ids() == std::set<std::string>{story.young});
  story.archive.reset();
  const Faults faults = all_faults(story.path);
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].find(story.old) != std::string::npos);
  CHECK(faults[0].find("says that it was erased") != std::string::npos);

  int problems = 0;
  const auto rebuilt = reindex(
      story.path, {}, [&](const std::string&, const Error&) { ++problems; },
      [](std::uint64_t, std::uint64_t) {});
  REQUIRE(rebuilt);
  CHECK(rebuilt->calls == 1);
  CHECK(problems == 1);
  story.open_archive();
  CHECK(story.ids() == std::set<std::string>{story.young});
  CHECK_FALSE(fs::exists(file));
  CallBuilder once_more("old");
  CHECK(story.archive->put(once_more.starting(story.old_start).build())->was_there);
  story.archive.reset();
  CHECK(all_faults(story.path) == Faults());
}

// What a writer that died between two steps left: each of them is done by the next start.
TEST_CASE("died after the tombstone, before anything was removed: the next start erases") {
  Due story;
  const std::string file = story.archive->file_of(*story.archive->find(story.old));
  story.archive.reset();
  LedgerEntry entry;
  entry.set_kind("erased");
  entry.set_call(story.old);
  entry.set_rule("default");
  *entry.mutable_time() = to_proto(story.clock.now().time);
  {
    auto log = LedgerLog::open(ledger_of(story.path), /*sync=*/true);
    REQUIRE(log);
    REQUIRE(log->append({&entry, 1}));
  }
  story.open_archive();
  CHECK_FALSE(fs::exists(file));
  CHECK(story.ids() == std::set<std::string>{story.older, story.young});
  CHECK(story.archive->summary()->calls == 2);
  story.archive.reset();
  CHECK(all_faults(story.path) == Faults());
}

TEST_CASE("died on the way: the next start removes what is left") {
  Due story;
  const CallRecord record = *story.archive->find(story.old);
  const std::string file = story.archive->file_of(record);
  const std::uint64_t bytes = fs::file_size(file);
  story.erase_due();
  story.archive.reset();
  const Ulid id = *Ulid::parse(story.old);
  {
    const auto index = Index::open(story.path + "/index", {.access = IndexOptions::Access::kWrite});
    REQUIRE(index);
    const Erasing left{.file_bytes = bytes, .path = record.audio().path()};
    REQUIRE((*index)->change({{erasing_key(id), encode_erasing(left)}}));
    SUBCASE("the row went, the file did not") {
      std::ofstream(file) << "what is left";
    }
    SUBCASE("neither did") {
      std::ofstream(file) << "what is left";
      REQUIRE((*index)->add(record, bytes));
      REQUIRE((*index)->change({{erased_key(id), std::string()}}));
    }
    SUBCASE("both went, and the mark did not") {}
  }
  story.open_archive();
  CHECK_FALSE(fs::exists(file));
  CHECK(story.ids() == std::set<std::string>{story.young});
  CHECK(story.archive->summary()->calls == 1);
  story.archive.reset();
  CHECK(all_faults(story.path) == Faults());
}

TEST_CASE("killed within an erasure: each call is whole, or erased with its tombstone") {
  const TemporaryFolder folder;
  const std::string path = folder / "archive";
  ArchiveOptions options;
  StoryClock clock;
  options.clock = [&] { return clock.now(); };
  {
    const auto archive = Archive::open(path, OpenMode::kWrite, options);
    REQUIRE(archive);
    for (int i = 0; i < 40; ++i) {
      CallBuilder call("c" + std::to_string(i));
      REQUIRE((*archive)->put(call.starting(kMorning - kSixYears + kDay * i).build()));
    }
  }
  const pid_t writer = ::fork();
  REQUIRE(writer >= 0);
  if (writer == 0) {
    // As killed: the clock is asked for the tombstones of the second batch.
    int entries = 0;
    options.clock = [&] {
      if (++entries > 40) ::_exit(0);
      return clock.now();
    };
    const auto archive = Archive::open(path, OpenMode::kWrite, options);
    ArchiveChange change;
    change.mutable_erase_due()->set_most(256);
    if (archive) static_cast<void>((*archive)->change(change, "manager"));
    ::_exit(1);
  }
  int status = 0;
  REQUIRE(::waitpid(writer, &status, 0) == writer);
  REQUIRE(status == 0);
  const auto archive = Archive::open(path, OpenMode::kWrite, options);
  REQUIRE(archive);
  const std::uint64_t left = (*archive)->summary()->calls;
  CHECK(left == 8);
  CHECK(entries_of(path, "erased").size() == 40 - left);
  CHECK(all_faults(path) == Faults());
}

TEST_CASE("what the disk does not let go is told, and goes later") {
  Due story;
  const std::string file = story.archive->file_of(*story.archive->find(story.old));
  // A folder of that name cannot be unlinked, whoever asks.
  const std::string stubborn = file.substr(0, file.size() - 4) + ".notes.jsonl";
  fs::create_directory(stubborn);
  const Erased erased = story.erase_due();
  CHECK(erased.calls() == 2);
  REQUIRE(erased.problems_size() == 1);
  CHECK(erased.problems(0).find("file of it") != std::string::npos);
  CHECK(story.ids() == std::set<std::string>{story.young});
  fs::remove(stubborn);
  CHECK(story.erase_due().problems_size() == 0);
  CHECK(story.files() == 1);
  CHECK(entries_of(story.path, "erased").size() == 2);
}

TEST_CASE("with an unsynchronised clock nothing goes") {
  Due story;
  story.clock.synchronised = false;
  const Erased erased = story.erase_due();
  CHECK(erased.calls() == 0);
  CHECK(erased.refusal().find("not synchronised") != std::string::npos);
  CHECK(story.ids().size() == 3);
  CHECK(entries_of(story.path, "erased").empty());
}

TEST_CASE("a file that is gone already is no reason to keep the call") {
  Due story;
  fs::remove(story.archive->file_of(*story.archive->find(story.old)));
  CHECK(story.erase_due().calls() == 2);
  CHECK(entries_of(story.path, "erased")[1].file_sha256().empty());
  CHECK(story.ids() == std::set<std::string>{story.young});
}

TEST_CASE("the record says when it goes and by which rule, and call.json says nothing of it") {
  RetentionStory story(
      {.rules = {{.name = "missed", .state = "missed", .period = {.keep = {.days = 30}}}},
       .otherwise = {.keep = {.years = 1}}});
  story.open_archive();
  const std::string answered = story.put("answered", kMorning);
  CallBuilder call("missed");
  const std::string missed =
      story.put(call.starting(kMorning).unanswered(capture::CallState::kMissed, 487));
  CHECK(story.archive->find(answered)->retention().rule() == "default");
  CHECK(from_proto(story.archive->find(missed)->retention().expires()) == kMorning + 30 * kDay);
  REQUIRE(story.hold("R8-1", {missed}));
  const CallRecord held = *story.archive->find(missed);
  REQUIRE(held.retention().holds_size() == 1);
  CHECK(held.retention().holds(0) == "R8-1");
  CHECK(story.archive->find(answered)->retention().holds_size() == 0);
  const RetentionOutlook outlook = *story.archive->retention(Outlook::kRules);
  REQUIRE(outlook.rules_size() == 2);
  CHECK(outlook.rules(0).rule() == "missed");
  CHECK(outlook.rules(0).calls() == 1);
  CHECK(outlook.rules(0).held() == 1);
  CHECK(outlook.rules(1).keep() == "1 year");
  CHECK(from_proto(outlook.rules(1).next_expires()) == expiry(kMorning, {.keep = {.years = 1}}));
  // And of a reader beside it.
  const std::string path = story.path;
  const auto reader = Archive::open(path, OpenMode::kRead, story.options);
  REQUIRE(reader);
  CHECK(to_json(*(*reader)->find(missed)) == to_json(held));
}

}  // namespace
}  // namespace koegura::store
