// A reindex that is killed, over and over, wherever it is, and gone on with: it comes to the very
// index that was there while the calls were archived. All that opens an index is a process of its
// own: threads do not outlive a fork.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <functional>
#include <random>
#include <vector>

#include "call_builder.h"
#include "index.h"
#include "index_format.h"
#include "retention_story.h"
#include "store/archive.h"
#include "temporary_folder.h"

namespace koegura::store {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using std::chrono::seconds;

constexpr int kCalls = 3000;
constexpr int kErased = 40;
// So that their records go into several tables: what is in none is lost with the process.
constexpr std::size_t kNameBytes = 3000;

pid_t start(const std::function<int()>& work) {
  const pid_t process = ::fork();
  REQUIRE(process >= 0);
  if (process == 0) ::_exit(work());
  return process;
}

int exit_code(pid_t process) {
  int status = 0;
  REQUIRE(::waitpid(process, &status, 0) == process);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

Duration after_start(int number) {
  const bool is_old = number < kErased;
  return is_old ? -hours(24 * 366 * 6) + hours(number) : seconds(20 * (number / 3) + number % 3);
}

// Legs that are joined, notes, old calls that are erased at the end: as they come to a recorder.
int fill(const std::string& directory) {
  ArchiveOptions options;
  options.sync = false;
  StoryClock clock;
  options.clock = [&] { return clock.now(); };
  const auto archive = Archive::open(directory, OpenMode::kWrite, options);
  if (!archive) return 1;
  for (int i = 0; i < kCalls; ++i) {
    CallBuilder call("c" + std::to_string(i));
    call.starting(kMorning + after_start(i)).lasting(seconds(10)).to("23" + std::to_string(i % 97));
    call.call().caller.display_name = std::to_string(i) + std::string(kNameBytes, 'x');
    if (i % 3 < 2)
      call.call().links.session_ids = {std::string(26, 'a') + std::to_string(100'000 + i / 3)};
    const auto added = (*archive)->put(call.build());
    if (!added) return 2;
    if (i % 100 != 99) continue;
    ArchiveChange note;
    note.mutable_note()->set_call(added->id);
    note.mutable_note()->set_text("#苦情 折り返し " + std::to_string(i));
    if (!(*archive)->change(note, "yamada")) return 3;
  }
  ArchiveChange erase;
  erase.mutable_erase_due()->set_most(256);
  const auto erased = (*archive)->change(erase, "manager");
  return erased && erased->erased().calls() == kErased ? 0 : 4;
}

// Tells of each file, and goes on. 0: it came to its end.
int rebuild(const std::string& directory, int tell) {
  const auto report = reindex(
      directory, {}, [](const std::string&, const Error&) { ::_exit(5); },
      [&](std::uint64_t, std::uint64_t) {
        if (::write(tell, "x", 1) != 1) ::_exit(6);
      });
  if (!report || report->calls != kCalls - kErased) return 7;
  return report->resumed > 0 ? 0 : 8;
}

// Of what both must have: 'w' and the ledger's position are of entries, which a reindex looks for
// anew.
std::vector<std::string> keys_of(const std::string& index_folder) {
  std::vector<std::string> keys;
  const auto index = Index::open(index_folder, {});
  if (!index) return keys;
  const auto cursor = (*index)->cursor();
  if (!cursor) return keys;
  for ((*cursor)->seek(""); (*cursor)->valid(); (*cursor)->next()) {
    const std::string key((*cursor)->key());
    if (key[0] == static_cast<char>(KeyKind::kWaiting) || key == ledger_key()) continue;
    keys.push_back(key + "=" + std::string((*cursor)->value()));
  }
  return keys;
}

int compare(const std::string& live, const std::string& rebuilt) {
  const std::vector<std::string> before = keys_of(live);
  const std::vector<std::string> after = keys_of(rebuilt);
  if (before.size() < std::size_t{kCalls} * 5) return 9;
  return before == after ? 0 : 10;
}

TEST_CASE(
    "a reindex of thousands of calls, killed wherever it is, makes the index that there was") {
  const TemporaryFolder folder;
  const std::string directory = folder / "archive";
  const std::string live = folder / "live";
  REQUIRE(exit_code(start([&] { return fill(directory); })) == 0);
  fs::copy(directory + "/index", live, fs::copy_options::recursive);
  std::mt19937 random(20261130);
  int killed = 0;
  for (bool is_over = false; !is_over;) {
    CAPTURE(killed);
    int ends[2]{};
    REQUIRE(::pipe(ends) == 0);
    const pid_t rebuilding = start([&] { return rebuild(directory, ends[1]); });
    ::close(ends[1]);
    // So many files, and then at once; the last ones are let go on, and killed in what follows.
    const bool is_last = killed >= 12;
    const std::size_t files = is_last ? SIZE_MAX : 1 + random() % kCalls;
    char byte = 0;
    for (std::size_t i = 0; i < files && ::read(ends[0], &byte, 1) == 1; ++i) continue;
    if (!is_last) ::kill(rebuilding, SIGKILL);
    const int code = exit_code(rebuilding);
    ::close(ends[0]);
    is_over = code == 0;
    if (!is_over) REQUIRE(code == -SIGKILL);
    ++killed;
  }
  CHECK(killed > 3);
  CHECK_FALSE(fs::exists(directory + "/index.new"));
  CHECK(exit_code(start([&] { return compare(live, directory + "/index"); })) == 0);
}

}  // namespace
}  // namespace koegura::store
