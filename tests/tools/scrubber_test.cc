#include "scrubber.h"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <thread>

#include "../store/call_builder.h"
#include "../store/temporary_folder.h"
#include "json.h"
#include "listed_archive.h"
#include "scrub_state.h"

namespace koegura::tools {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

const Timestamp kNoon = kMorning + std::chrono::hours(2);

bool comes_true(const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return true;
}

store::Damage damage_of(const std::string& id) {
  return {.id = id, .path = "calls/" + id + ".mka", .why = "it is not whole"};
}

// So many calls were read since the report before; the last one is this.
store::ScrubReport read_up_to(const std::string& id, std::uint64_t calls, std::uint64_t damaged) {
  store::ScrubReport report;
  report.calls = calls;
  report.bytes = 100 * calls;
  report.damaged = damaged;
  report.last = id;
  return report;
}

// An archive with calls, and the recorder's hold on it.
class ArchiveUnderTest {
 public:
  explicit ArchiveUnderTest(int calls) {
    auto opened = store::Archive::open(path, store::OpenMode::kWrite, {});
    if (!opened) FAIL(opened.error().message);
    archive = std::move(*opened);
    for (int i = 0; i < calls; ++i) add();
  }
  void add() {
    CallBuilder call("c" + std::to_string(next_));
    call.starting(kMorning + std::chrono::seconds(next_++));
    const auto added = archive->put(call.build());
    if (!added) FAIL(added.error().message);
    ids.push_back(added->id);
  }
  [[nodiscard]] std::string file(std::size_t call) const {
    return archive->file_of(*archive->find(ids[call]));
  }

 private:
  TemporaryFolder folder_;
  int next_ = 0;

 public:
  std::string path = folder_ / "archive";
  std::vector<std::string> ids;
  std::unique_ptr<store::Archive> archive;
};

ScrubberOptions hurried() {
  ScrubberOptions options;
  options.pause = milliseconds(5);
  options.least_bytes_per_s = 1U << 30U;
  return options;
}

TEST_CASE("the state comes back from disk as it was saved, and from a broken file empty") {
  const TemporaryFolder folder;
  CHECK_FALSE(load_scrub_state(folder.path()).has_began());
  ScrubState state;
  begin_pass(state, kNoon);
  note_damage(state, damage_of("A"), kNoon);
  note_progress(state, {}, read_up_to("A", 1, 1));
  REQUIRE(save_scrub_state(folder.path(), state));
  CHECK(load_scrub_state(folder.path()).SerializeAsString() == state.SerializeAsString());
  write_content(folder / "scrub.json", "{\"position\": ");
  CHECK(load_scrub_state(folder.path()).position().empty());
}

TEST_CASE("a call is damaged once, however often it is found, and until it is whole again") {
  ScrubState state;
  begin_pass(state, kNoon);
  note_damage(state, damage_of("A"), kNoon);
  note_progress(state, {}, read_up_to("A", 1, 1));
  note_damage(state, damage_of("B"), kNoon);
  note_progress(state, read_up_to("A", 1, 1), read_up_to("B", 2, 2));
  complete_pass(state, kNoon + std::chrono::minutes(1));
  CHECK(is_complete(state));
  CHECK(state.damaged() == 2);
  CHECK(state.calls() == 2);

  const Timestamp later = kNoon + std::chrono::hours(1);
  begin_pass(state, later);
  CHECK_FALSE(is_complete(state));
  CHECK(state.damaged() == 2);
  note_damage(state, damage_of("A"), later);
  note_progress(state, {}, read_up_to("A", 1, 1));
  CHECK(state.damaged() == 2);
  CHECK(time_of(state.damaged_calls(0).found()) == kNoon);
  CHECK(time_of(state.damaged_calls(0).seen()) == later);
  note_progress(state, read_up_to("A", 1, 1), read_up_to("B", 2, 1));
  CHECK(state.damaged() == 1);
  CHECK(state.damaged_calls(0).id() == "A");
}

TEST_CASE("a damaged call that is no longer in the archive leaves the list with the next pass") {
  ScrubState state;
  begin_pass(state, kNoon);
  note_damage(state, damage_of("A"), kNoon);
  note_progress(state, {}, read_up_to("A", 1, 1));
  complete_pass(state, kNoon);
  begin_pass(state, kNoon + std::chrono::hours(1));
  note_progress(state, {}, read_up_to("B", 1, 0));
  CHECK(state.damaged() == 1);
  complete_pass(state, kNoon + std::chrono::hours(1));
  CHECK(state.damaged() == 0);
  CHECK(state.damaged_calls_size() == 0);
}

TEST_CASE("a disk that lost everything does not make the state grow without end") {
  ScrubState state;
  begin_pass(state, kNoon);
  for (int i = 0; i < 3000; ++i) note_damage(state, damage_of(std::to_string(i)), kNoon);
  CHECK(state.damaged() == 3000);
  CHECK(state.damaged_calls_size() == 1000);
}

TEST_CASE("one scrubs at a time") {
  const TemporaryFolder folder;
  auto first = std::optional(ScrubLock::take(folder.path()));
  REQUIRE(*first);
  const auto second = ScrubLock::take(folder.path());
  REQUIRE_FALSE(second);
  CHECK(second.error().message.find("scrubbed already") != std::string::npos);
  first.reset();
  CHECK(ScrubLock::take(folder.path()));
}

TEST_CASE("the recorder's scrub reads all calls, names the damaged, and the next one goes on") {
  ArchiveUnderTest archive(5);
  fs::resize_file(archive.file(2), 100);
  {
    const auto scrubber = Scrubber::start(*archive.archive, archive.path, hurried());
    REQUIRE(comes_true([&] { return scrubber->figures().has_last_pass_ended(); }));
    const ScrubState figures = scrubber->figures();
    CHECK(figures.calls() == 5);
    CHECK(figures.position() == archive.ids.back());
    REQUIRE(figures.damaged_calls_size() == 1);
    CHECK(figures.damaged_calls(0).id() == archive.ids[2]);
    CHECK(figures.damaged_calls(0).path().starts_with("calls/2026/"));
    CHECK(figures.error() == "");
    // What is archived from then on is read soon, and the pass is not begun again for it.
    archive.add();
    REQUIRE(comes_true([&] { return scrubber->figures().position() == archive.ids.back(); }));
    CHECK(scrubber->figures().calls() == 6);
  }
  CHECK(load_scrub_state(archive.path).calls() == 6);
  const auto scrubber = Scrubber::start(*archive.archive, archive.path, hurried());
  archive.add();
  REQUIRE(comes_true([&] { return scrubber->figures().position() == archive.ids.back(); }));
  CHECK(scrubber->figures().calls() == 7);
  CHECK(scrubber->figures().damaged() == 1);
}

TEST_CASE("a new pass begins when the last one is old, and finds what was restored whole") {
  ArchiveUnderTest archive(2);
  const std::string good = content_of(archive.file(0));
  write_content(archive.file(0), "gone");
  ScrubberOptions options = hurried();
  options.pass = milliseconds(1);
  const auto scrubber = Scrubber::start(*archive.archive, archive.path, options);
  REQUIRE(comes_true([&] { return scrubber->figures().damaged() == 1; }));
  write_content(archive.file(0), good);
  CHECK(comes_true([&] { return scrubber->figures().damaged() == 0; }));
}

TEST_CASE("while somebody else scrubs, the recorder's scrub waits and tells what is known") {
  ArchiveUnderTest archive(2);
  auto lock = std::optional(ScrubLock::take(archive.path));
  REQUIRE(*lock);
  ScrubState state;
  begin_pass(state, kNoon);
  state.set_position(archive.ids[0]);
  REQUIRE(save_scrub_state(archive.path, state));
  const auto scrubber = Scrubber::start(*archive.archive, archive.path, hurried());
  CHECK(scrubber->figures().position() == archive.ids[0]);
  lock.reset();
  REQUIRE(comes_true([&] { return scrubber->figures().has_last_pass_ended(); }));
  CHECK(scrubber->figures().calls() == 1);  // the one that was left
}

TEST_CASE("while the index is being rebuilt nothing is scrubbed, and that is no error") {
  const TemporaryFolder folder;
  ListedArchive archive({});
  archive.is_damaged = true;
  const auto scrubber = Scrubber::start(archive, folder.path(), hurried());
  REQUIRE(comes_true([&] { return archive.asked_for_rebuild > 2; }));
  CHECK_FALSE(scrubber->figures().has_began());
  CHECK(scrubber->figures().error() == "");
  archive.is_damaged = false;
  CHECK(comes_true([&] { return scrubber->figures().has_last_pass_ended(); }));
}

}  // namespace
}  // namespace koegura::tools
