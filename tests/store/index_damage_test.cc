// The index on a disk that forgets: whatever byte of it changes, whichever file goes, no call is
// lost silently. Either all are found, or the archive says that `koegura reindex` is needed.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "call_builder.h"
#include "index.h"
#include "store/archive.h"
#include "temporary_folder.h"

namespace koegura::store {
namespace {

namespace fs = std::filesystem;

constexpr int kTables = 2;
constexpr int kCallsEach = 6;

// Of each opening the calls become a table of the index; those of the last one are in its log.
void fill(const std::string& directory) {
  for (int table = 0; table <= kTables; ++table) {
    const auto archive = Archive::open(directory, OpenMode::kWrite, {});
    if (!archive) FAIL(archive.error().message);
    for (int i = 0; i < kCallsEach; ++i) {
      const int number = table * kCallsEach + i;
      CallBuilder call("c" + std::to_string(number));
      call.starting(kMorning + std::chrono::hours(number)).to("23" + std::to_string(10 + number));
      REQUIRE((*archive)->put(call.build()));
    }
  }
}

struct Found {
  std::size_t calls = 0;
  std::string error;
};

Found look(const std::string& directory, OpenMode mode) {
  const auto archive = Archive::open(directory, mode, {});
  if (!archive) return {0, archive.error().message};
  std::set<std::string> ids;
  const auto done = (*archive)->query({}, [&](const CallRecord& record) {
    ids.insert(record.id());
    return true;
  });
  if (!done) return {ids.size(), done.error().message};
  return {ids.size(), {}};
}

// A good archive, to be copied and damaged over and over.
class Original {
 public:
  Original() {
    fill(folder_ / "archive");
    for (const auto& file : fs::directory_iterator(folder_ / "archive/index")) {
      const std::string name = file.path().filename();
      const bool matters = name != "LOCK" && name != "LOG" && !name.starts_with("LOG.") &&
                           !name.starts_with("OPTIONS-") && name != "IDENTITY";
      if (matters && fs::file_size(file) > 0) files.push_back(name);
    }
  }
  // A fresh copy of the index beside the same call files.
  std::string copy() {
    const std::string path = folder_ / "copy";
    fs::remove_all(path);
    fs::copy(folder_ / "archive", path, fs::copy_options::recursive);
    return path;
  }
  std::vector<std::string> files;

 private:
  TemporaryFolder folder_;
};

constexpr std::size_t kCalls = static_cast<std::size_t>(kTables + 1) * kCallsEach;

// Gives whether damage showed.
bool check_nothing_is_lost_silently(const std::string& directory) {
  const Found found = look(directory, OpenMode::kWrite);
  CAPTURE(found.error);
  if (found.error.empty()) {
    CHECK(found.calls == kCalls);
    return false;
  }
  CHECK(found.error.find("koegura reindex") != std::string::npos);
  const auto ignore = [](auto&&...) {};
  const auto report = reindex(directory, {}, ignore, ignore);
  if (!report) FAIL(report.error().message);
  CHECK(report->calls == kCalls);
  CHECK(look(directory, OpenMode::kWrite).calls == kCalls);
  return true;
}

TEST_CASE("the archive that is damaged here has tables, a log and a manifest") {
  Original original;
  std::set<std::string> kinds;
  for (const std::string& file : original.files) {
    kinds.insert(file.starts_with("MANIFEST") ? "MANIFEST" : fs::path(file).extension().string());
  }
  CHECK(kinds.contains(".sst"));
  CHECK(kinds.contains(".log"));
  CHECK(kinds.contains("MANIFEST"));
  CHECK(look(original.copy(), OpenMode::kWrite).calls == kCalls);
}

TEST_CASE("whichever byte of the index changes, no call is lost silently") {
  Original original;
  constexpr std::size_t kPlaces = 40;  // of each file
  int shown = 0;
  for (const std::string& file : original.files) {
    const std::string path = original.copy() + "/index/" + file;
    const std::size_t size = fs::file_size(path);
    const std::size_t step = std::max<std::size_t>(1, size / kPlaces);
    for (std::size_t at = step / 2; at < size; at += step) {
      CAPTURE(file);
      CAPTURE(at);
      const std::string copy = original.copy();
      std::string content = content_of(path);
      content[at] = static_cast<char>(content[at] ^ 0x24);
      write_content(path, content);
      shown += check_nothing_is_lost_silently(copy) ? 1 : 0;
    }
  }
  CHECK(shown > 0);
}

TEST_CASE("whichever file of the index is gone, or cut, no call is lost silently") {
  Original original;
  for (const std::string& file : original.files) {
    CAPTURE(file);
    std::string copy = original.copy();
    fs::remove(copy + "/index/" + file);
    check_nothing_is_lost_silently(copy);
    for (const int part : {1, 2, 3}) {
      CAPTURE(part);
      copy = original.copy();
      const std::string path = copy + "/index/" + file;
      fs::resize_file(path, fs::file_size(path) * static_cast<std::size_t>(part) / 4);
      check_nothing_is_lost_silently(copy);
    }
  }
}

TEST_CASE("a log that a power cut tore is no damage: what was acknowledged is there") {
  Original original;
  for (const std::string& file : original.files) {
    if (!file.ends_with(".log")) continue;
    const std::string copy = original.copy();
    const std::string path = copy + "/index/" + file;
    write_content(path, content_of(path) + std::string(100, '\0'));  // room that was never written
    CHECK(look(copy, OpenMode::kWrite).calls == kCalls);
  }
}

// Ten days of calls in the index's log, the newest archived first; and then a hole in it.
void fill_and_tear(const std::string& directory) {
  {
    const auto archive = Archive::open(directory, OpenMode::kWrite, {});
    if (!archive) FAIL(archive.error().message);
    for (int day = 10; day > 0; --day) {
      CallBuilder call("c" + std::to_string(day));
      REQUIRE((*archive)->put(call.starting(kMorning + std::chrono::hours(24 * day)).build()));
    }
  }
  for (const std::string& file : files_below(directory + "/index")) {
    if (!file.ends_with(".log")) continue;
    std::string content = content_of(directory + "/index/" + file);
    content.replace(content.size() / 3, 100, 100, '\0');
    write_content(directory + "/index/" + file, content);
  }
}

TEST_CASE("what followed a hole in the log comes back from the call files, however old it is") {
  const TemporaryFolder folder;
  const std::string directory = folder / "archive";
  fill_and_tear(directory);
  bool is_killed = false;
  SUBCASE("at once") {}
  SUBCASE("after a start that was killed before it had looked") {
    is_killed = true;
  }
  if (is_killed) {
    const auto index = Index::open(directory + "/index", {.access = IndexOptions::Access::kWrite});
    REQUIRE(index);
    CHECK((*index)->may_miss_calls());
    CHECK((*index)->totals()->calls < 10);
  }
  const auto archive = Archive::open(directory, OpenMode::kWrite, {});
  REQUIRE(archive);
  CHECK((*archive)->summary()->calls == 10);
  CHECK(!fs::exists(directory + "/index.cut"));
}

// A reader refuses, or shows all. The ends of log and manifest it cannot judge: a writer may be
// ahead of it.
void check_reader_is_not_fooled(const std::string& directory) {
  const Found found = look(directory, OpenMode::kRead);
  CAPTURE(found.error);
  if (found.error.empty()) {
    CHECK(found.calls == kCalls);
  } else {
    CHECK(found.error.find("koegura reindex") != std::string::npos);
  }
}

TEST_CASE("damage shows to a reader as well, wherever it is") {
  Original original;
  constexpr std::size_t kHole = 64;
  constexpr std::size_t kStep = 256;
  for (const std::string& file : original.files) {
    if (!file.ends_with(".sst")) continue;
    CAPTURE(file);
    const std::string copy = original.copy();
    const std::string path = copy + "/index/" + file;
    const std::string good = content_of(path);
    std::string half = good;
    std::fill_n(half.begin(), half.size() / 2, 'x');
    write_content(path, half);
    CHECK(look(copy, OpenMode::kRead).error.find("koegura reindex") != std::string::npos);
    for (std::size_t at = 0; at + kHole < good.size(); at += kStep) {
      CAPTURE(at);
      std::string bad = good;
      std::fill_n(bad.begin() + static_cast<std::ptrdiff_t>(at), kHole, 'x');
      write_content(path, bad);
      check_reader_is_not_fooled(copy);
    }
  }
}

TEST_CASE("a reader says what of the index is gone, or cut") {
  Original original;
  for (const std::string& file : original.files) {
    if (file.ends_with(".log")) continue;
    CAPTURE(file);
    std::string copy = original.copy();
    fs::remove(copy + "/index/" + file);
    CHECK(!look(copy, OpenMode::kRead).error.empty());
    if (!file.ends_with(".sst")) continue;
    for (const int part : {1, 2, 3}) {
      CAPTURE(part);
      copy = original.copy();
      const std::string path = copy + "/index/" + file;
      fs::resize_file(path, fs::file_size(path) * static_cast<std::size_t>(part) / 4);
      check_reader_is_not_fooled(copy);
    }
  }
}

}  // namespace
}  // namespace koegura::store
