// What a run of the retention leaves on the disk of what it erased, while the archive stays open,
// as a recorder's does for months: nothing of it in any file.
#include <doctest/doctest.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table_properties.h>

#include <algorithm>
#include <cctype>
#include <fstream>

#include "../wait_until.h"
#include "durable_file.h"
#include "retention_story.h"
#include "store/directory_file.h"

namespace koegura::store {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;

constexpr Duration kDay = hours(24);
constexpr Duration kSixYears = hours(24 * 366 * 6);

// As they were said, dialled and noted, and what the index makes of them.
const std::vector<std::string> kErased = {"zebraquagga", "okapi",      "0451235684",
                                          "81451235684", "4865321548", "tapirdesk"};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

void add_erased_in(const std::string& where, const std::string& text, std::string& found) {
  const std::string folded = lower(text);
  for (const std::string& word : kErased) {
    if (folded.find(word) != std::string::npos) found += where + ": " + word + '\n';
  }
}

// Their blocks are compressed: by what a table says when it is asked, and whether it has keys that
// were deleted, which it does not say.
void add_erased_in_table(const std::string& path, std::string& found) {
  const std::string name = fs::path(path).filename();
  rocksdb::SstFileReader table((rocksdb::Options()));
  if (!table.Open(path).ok()) return;  // it went meanwhile
  if (table.GetTableProperties()->num_deletions > 0) found += name + ": deleted keys\n";
  const std::unique_ptr<rocksdb::Iterator> at(table.NewIterator(rocksdb::ReadOptions()));
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    add_erased_in(name, at->key().ToString() + at->value().ToString(), found);
  }
}

// But for what is kept by design: whose each number is, and what is held.
std::string left_of_erased(const std::string& archive) {
  std::string found;
  std::error_code gone;
  const auto options = fs::directory_options::skip_permission_denied;
  for (auto at = fs::recursive_directory_iterator(archive, options, gone); at != fs::end(at);
       at.increment(gone)) {
    const std::string path = at->path();
    add_erased_in("a name", at->path().filename(), found);
    if (!at->is_regular_file(gone) || path == directory_path(archive)) continue;
    add_erased_in(at->path().filename(), read_file(path).value_or(std::string()), found);
    if (at->path().extension() == ".sst") add_erased_in_table(path, found);
  }
  return found;
}

class WipedStory : public RetentionStory {
 public:
  WipedStory() {
    open_archive();
    std::ofstream(directory_path(path)) << "number,department,person,valid_from,valid_to\n"
                                           "2302,tapirdesk,okapi,,\n";
  }
  std::string put_old() {
    CallBuilder old("old");
    return put(old.starting(clock.real - kSixYears).from("0451235684").to("2302"));
  }
  void put_young(int calls) {
    for (int i = 0; i < calls; ++i) put("young " + std::to_string(++young_), clock.real - kDay);
  }
  void note(const std::string& id) const {
    ArchiveChange change;
    change.mutable_note()->set_call(id);
    change.mutable_note()->set_text("ZEBRAQUAGGA #zebraquagga");
    REQUIRE(archive->change(change, "yamada"));
  }
  Erased wipe() const {
    ArchiveChange change;
    change.mutable_erase_due()->set_wipe(true);
    const auto changed = archive->change(change, "manager");
    if (!changed) FAIL(changed.error().message);
    return changed->erased();
  }

 private:
  int young_ = 0;
};

TEST_CASE("after a run nothing of what was erased is in any file, though the archive stays open") {
  WipedStory story;
  std::string old;
  SUBCASE("it came and went in one run of the recorder: it was in no table yet") {
    story.put_young(3);
    old = story.put_old();
    story.note(old);
  }
  SUBCASE("it is in tables, and its word the last key of one") {
    old = story.put_old();
    story.put_young(3);
    story.open_archive();
    story.note(old);
    story.open_archive();
    story.put_young(3);
  }
  REQUIRE(story.archive->count({.tag = "zebraquagga"}) == 1);
  REQUIRE_FALSE(left_of_erased(story.path).empty());
  REQUIRE(story.erase_due().calls() == 1);
  CHECK(story.wipe().problems_size() == 0);
  std::string left;
  CAPTURE(left);
  // RocksDB's own threads remove the files that it needs no more.
  const auto is_wiped = [&] {
    left = left_of_erased(story.path);
    return left.empty();
  };
  test::wait_until(is_wiped);
  story.put_young(1);
  CHECK(left_of_erased(story.path).empty());
}

}  // namespace
}  // namespace koegura::store
