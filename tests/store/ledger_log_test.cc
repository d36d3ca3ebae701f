// The ledger's writer: what it leaves on disk, what it makes of what a crash left, and what it
// refuses.
#include "ledger_log.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "ledger_story.h"
#include "store/ledger.h"

namespace koegura::store {
namespace {

namespace fs = std::filesystem;

class LedgerUnderTest {
 public:
  LedgerUnderTest() = default;
  [[nodiscard]] LedgerLog open(bool sync = true) const {
    auto log = LedgerLog::open(paths, sync);
    if (!log) FAIL(log.error().message);
    return std::move(*log);
  }
  [[nodiscard]] Error refusal() const {
    const auto log = LedgerLog::open(paths, /*sync=*/true);
    REQUIRE_FALSE(log);
    return log.error();
  }
  // So many entries more, and the head signed after the first so many of them.
  void grow(std::size_t signed_ones, std::size_t others) {
    LedgerLog log = open();
    add(log, signed_ones);
    REQUIRE(log.sign_head());
    add(log, others);
  }
  static void add(LedgerLog& log, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      std::vector<LedgerEntry> entries = {story_entry(log.size())};
      REQUIRE(log.append(entries));
    }
  }
  [[nodiscard]] std::vector<std::string> faults(const std::string& kept = {}) const {
    return faults_of(folder_.path(), kept);
  }
  [[nodiscard]] const std::string& archive() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;

 public:
  LedgerPaths paths = ledger_of(folder_.path());
};

using Faults = std::vector<std::string>;

TEST_CASE("a new ledger has a key that is nobody else's, and a signed head of nothing") {
  const LedgerUnderTest ledger;
  { CHECK(ledger.open().size() == 0); }
  CHECK((fs::status(ledger.paths.key()).permissions() & fs::perms::mask) ==
        (fs::perms::owner_read | fs::perms::owner_write));
  CHECK(files_below(ledger.paths.folder) ==
        std::vector<std::string>{"checkpoint", "entries.jsonl", "key", "key.pub", "leaves"});
  CHECK(ledger.faults() == Faults());
  const auto read = Ledger::open(ledger.archive());
  REQUIRE(read);
  CHECK((*read)->head()->entries == 0);
}

TEST_CASE("what is appended is there at the next start, and the head signed of it is met") {
  LedgerUnderTest ledger;
  ledger.grow(3, 2);
  const std::string kept = content_of(ledger.paths.checkpoint());
  {
    LedgerLog log = ledger.open();
    CHECK(log.size() == 5);
    std::vector<LedgerEntry> three = {story_entry(5), story_entry(6), story_entry(7)};
    REQUIRE(log.append(three));
    CHECK(three[2].sequence() == 7);
    REQUIRE(log.sign_head());
  }
  CHECK(ledger.faults(kept) == Faults());
  const auto read = Ledger::open(ledger.archive());
  REQUIRE(read);
  CHECK((*read)->size() == 8);
  CHECK((*read)->head()->entries == 8);
  std::string reasons;
  REQUIRE((*read)->for_each(5, [&](const LedgerEntry& entry, std::string_view) {
    reasons += entry.reason() + ", ";
    return true;
  }));
  CHECK(reasons == "reason 39595, reason 47514, reason 55433, ");
}

TEST_CASE("a line that a crash left torn, or without its leaf, was never acknowledged") {
  LedgerUnderTest ledger;
  ledger.grow(2, 2);
  const std::string good = content_of(ledger.paths.entries());
  const std::string leaves = content_of(ledger.paths.leaves());
  std::size_t expected = 4;
  SUBCASE("torn in the middle") {
    write_content(ledger.paths.entries(), good + R"({"sequence":4,"kind":"st)");
  }
  SUBCASE("zeros that a power cut left") {
    write_content(ledger.paths.entries(), good + std::string(300, '\0'));
  }
  SUBCASE("the next line's leaf torn") {
    write_content(ledger.paths.entries(), good + "{\"sequence\":4,\"kind\":\"stop\"}\n");
    write_content(ledger.paths.leaves(), leaves + "torn");
    expected = 5;
  }
  SUBCASE("a whole line, and no leaf of the last two") {
    write_content(ledger.paths.leaves(), leaves.substr(0, 3 * kLeafBytes));
  }
  SUBCASE("leaves that are zeros") {
    write_content(ledger.paths.leaves(), leaves.substr(0, 2 * kLeafBytes) + std::string(80, '\0'));
  }
  CHECK(ledger.open().size() == expected);
  CHECK(content_of(ledger.paths.entries()).starts_with(good));
  CHECK(content_of(ledger.paths.leaves()).starts_with(leaves));
  ledger.grow(1, 0);
  CHECK(ledger.faults() == Faults());
}

TEST_CASE("leaves that are lost or damaged are made anew from the entries that were signed") {
  LedgerUnderTest ledger;
  ledger.grow(4, 0);
  const std::string leaves = content_of(ledger.paths.leaves());
  SUBCASE("gone") {
    fs::remove(ledger.paths.leaves());
  }
  SUBCASE("cut") {
    fs::resize_file(ledger.paths.leaves(), 50);
  }
  SUBCASE("changed") {
    std::string changed = leaves;
    changed[45] ^= 1;
    write_content(ledger.paths.leaves(), changed);
  }
  SUBCASE("changed where a line ends") {
    std::string changed = leaves;
    changed.back() = '\x7f';
    write_content(ledger.paths.leaves(), changed);
  }
  CHECK(ledger.open().size() == 4);
  CHECK(content_of(ledger.paths.leaves()) == leaves);
}

TEST_CASE("entries that are fewer or others than was signed or written are refused") {
  LedgerUnderTest ledger;
  ledger.grow(3, 2);
  std::string entries = content_of(ledger.paths.entries());
  std::string why;
  SUBCASE("fewer than were signed") {
    entries.resize(entries.find('\n', entries.find('\n') + 1) + 1);
    why = "it has 2 entries, and its last signed head says 3 entries";
  }
  SUBCASE("fewer than were acknowledged") {
    entries.resize(entries.size() - 20);
    why = "it has 4 entries, and 5 entries were written";
  }
  SUBCASE("the last signed one changed") {
    const std::size_t third = entries.find('\n', entries.find('\n') + 1);
    entries[entries.find("reason", third)] = 'R';
    why = "not those that its last head was signed of";
  }
  SUBCASE("one changed that is not signed yet") {
    entries[entries.rfind("reason")] = 'R';
    why = "entry 4 was changed";
  }
  SUBCASE("all gone") {
    entries.clear();
    why = "it has 0 entries";
  }
  write_content(ledger.paths.entries(), entries);
  const std::string leaves = content_of(ledger.paths.leaves());
  const Error error = ledger.refusal();
  CHECK(error.message.find(why) != std::string::npos);
  CHECK(error.message.find("koegura verify") != std::string::npos);
  // All is left for who looks into it.
  CHECK(content_of(ledger.paths.entries()) == entries);
  CHECK(content_of(ledger.paths.leaves()) == leaves);
}

TEST_CASE("a head or key that is gone, changed or another's is refused") {
  LedgerUnderTest ledger;
  ledger.grow(3, 0);
  std::string why;
  SUBCASE("no head") {
    fs::remove(ledger.paths.checkpoint());
    why = "its head is missing";
  }
  SUBCASE("a head that was changed") {
    std::string head = content_of(ledger.paths.checkpoint());
    head[head.find("\n3\n") + 1] = '2';
    write_content(ledger.paths.checkpoint(), head);
    why = "it is not signed with this ledger's key";
  }
  SUBCASE("no key") {
    fs::remove(ledger.paths.key());
    why = "its key is missing";
  }
  SUBCASE("another's key") {
    const LedgerUnderTest other;
    CHECK(other.open().size() == 0);
    fs::copy_file(other.paths.key(), ledger.paths.key(), fs::copy_options::overwrite_existing);
    why = "key.pub is not the public half";
  }
  CHECK(ledger.refusal().message.find(why) != std::string::npos);
}

TEST_CASE("a making that was cut short goes on") {
  const LedgerUnderTest ledger;
  CHECK(ledger.open().size() == 0);
  SUBCASE("after the public key") {
    fs::remove(ledger.paths.key());
    fs::remove(ledger.paths.checkpoint());
    fs::remove(ledger.paths.entries());
    fs::remove(ledger.paths.leaves());
  }
  SUBCASE("after the key") {
    fs::remove(ledger.paths.checkpoint());
    fs::remove(ledger.paths.entries());
    fs::remove(ledger.paths.leaves());
  }
  SUBCASE("after the first head") {
    fs::remove(ledger.paths.entries());
    fs::remove(ledger.paths.leaves());
  }
  SUBCASE("after the entries' file") {
    fs::remove(ledger.paths.leaves());
  }
  CHECK(ledger.open().size() == 0);
  CHECK(ledger.faults() == Faults());
}

TEST_CASE("an entry that is too long is refused, and leaves nothing") {
  LedgerUnderTest ledger;
  ledger.grow(1, 0);
  LedgerLog log = ledger.open();
  std::vector<LedgerEntry> entries = {story_entry(1), story_entry(2)};
  entries[1].set_reason(std::string(kMostLineBytes, 'x'));
  CHECK_FALSE(log.append(entries));
  CHECK(log.size() == 1);
  LedgerUnderTest::add(log, 1);
  REQUIRE(log.sign_head());
  CHECK(ledger.faults() == Faults());
}

TEST_CASE("a fault is told where it is, and a leaf's apart from its line's") {
  LedgerUnderTest ledger;
  ledger.grow(5, 0);
  std::string leaves = content_of(ledger.paths.leaves());
  leaves[3 * kLeafBytes] ^= 1;
  write_content(ledger.paths.leaves(), leaves);
  CHECK(ledger.faults() ==
        Faults{"leaves: the leaf of entry 3 is not its line's, which is what was signed"});
  leaves[3 * kLeafBytes] ^= 1;
  write_content(ledger.paths.leaves(), leaves);
  std::string entries = content_of(ledger.paths.entries());
  entries[entries.find("reason 15838")] = 'R';
  write_content(ledger.paths.entries(), entries);
  const Faults faults = ledger.faults();
  REQUIRE(faults.size() == 2);
  CHECK(faults[0] == "entry 2: it was changed: its line has another hash than was signed");
  CHECK(faults[1] == "checkpoint: it was signed of 5 entries that are not these");
}

}  // namespace
}  // namespace koegura::store
