// A thousand histories, each tampered with once, by somebody who may even have the key: all found.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <random>

#include "ledger_story.h"
#include "store/ledger.h"

namespace koegura::store {
namespace {

constexpr std::size_t kHistories = 1000;
constexpr std::size_t kMostEntries = 12;

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : engine_(seed) {}
  // 0 <= number < below
  std::size_t below(std::size_t below) { return engine_() % below; }

 private:
  std::mt19937_64 engine_;
};

// A history with a head that was kept from before its end, and its files.
struct History {
  LedgerStory story;
  std::size_t kept_size = 0;
  std::string kept;
  std::string archive;
};

History make_history(Chance& chance, const std::string& folder) {
  History history;
  history.archive = folder;
  const std::size_t size = 2 + chance.below(kMostEntries);
  for (std::size_t i = 0; i < size; ++i) history.story.append(story_entry(chance.below(1000)));
  history.kept_size = 1 + chance.below(size);
  history.kept = history.story.head(history.kept_size);
  history.story.write(folder);
  return history;
}

void flip_in(const std::string& path, std::size_t at, Chance& chance) {
  std::string content = content_of(path);
  content[at] = static_cast<char>(static_cast<unsigned char>(content[at]) ^ 1U << chance.below(8));
  write_content(path, content);
}

void flip_anywhere(const std::string& path, Chance& chance) {
  flip_in(path, chance.below(std::filesystem::file_size(path)), chance);
}

// Each gives what the first fault's place must begin with; empty: any place.
using Tampering = std::function<std::string(History&, Chance&)>;

std::string change_byte_of_line(History& history, Chance& chance) {
  const std::string path = ledger_of(history.archive).entries();
  const std::size_t at = chance.below(std::filesystem::file_size(path));
  std::size_t line = 0;
  const std::string content = content_of(path);
  for (std::size_t i = 0; i < at; ++i) line += content[i] == '\n' ? 1 : 0;
  flip_in(path, at, chance);
  return "entry " + std::to_string(line) + ":";
}
std::string change_byte_of_leaves(History& history, Chance& chance) {
  flip_anywhere(ledger_of(history.archive).leaves(), chance);
  return "leaves:";
}
std::string change_byte_of_head(History& history, Chance& chance) {
  flip_anywhere(ledger_of(history.archive).checkpoint(), chance);
  return "checkpoint:";
}
std::string change_byte_of_key(History& history, Chance& chance) {
  flip_anywhere(ledger_of(history.archive).key(), chance);
  return "key:";
}
std::string change_byte_of_public_key(History& history, Chance& chance) {
  flip_anywhere(ledger_of(history.archive).public_key(), chance);
  return "key.pub:";
}
std::string cut_both_files(History& history, Chance& chance) {
  std::vector<std::string>& lines = history.story.lines;
  const std::string head = content_of(ledger_of(history.archive).checkpoint());
  lines.resize(chance.below(lines.size()));
  history.story.write(history.archive);
  write_content(ledger_of(history.archive).checkpoint(), head);
  return "entry " + std::to_string(lines.size()) + ":";
}

// From here on the key is used again: only the head that was kept tells.
std::string sign_again(History& history) {
  history.story.write(history.archive);
  return "";
}
std::string renumber_and_sign(History& history) {
  std::vector<std::string> lines = std::move(history.story.lines);
  history.story.lines.clear();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    LedgerEntry entry;
    const std::size_t comma = lines[i].find(',');
    entry = *parse_entry("{\"sequence\":" + std::to_string(i) + lines[i].substr(comma), i);
    history.story.append(entry);
  }
  return sign_again(history);
}
std::string rewrite_entry(History& history, Chance& chance) {
  const std::size_t at = chance.below(history.kept_size);
  LedgerEntry entry = *parse_entry(history.story.lines[at], at);
  entry.set_reason("a better reason");
  history.story.lines[at] = to_json(entry);
  sign_again(history);
  return "the head kept:";
}
std::string remove_entry(History& history, Chance& chance) {
  const auto at = static_cast<std::ptrdiff_t>(chance.below(history.kept_size));
  history.story.lines.erase(history.story.lines.begin() + at);
  renumber_and_sign(history);
  return "the head kept:";
}
std::string insert_entry(History& history, Chance& chance) {
  const auto at = static_cast<std::ptrdiff_t>(chance.below(history.kept_size));
  LedgerEntry entry = story_entry(5000);
  entry.set_sequence(0);
  history.story.lines.insert(history.story.lines.begin() + at, to_json(entry));
  renumber_and_sign(history);
  return "the head kept:";
}
std::string exchange_entries(History& history, Chance& chance) {
  std::vector<std::string>& lines = history.story.lines;
  const std::size_t one = chance.below(history.kept_size);
  const std::size_t other = (one + 1 + chance.below(lines.size() - 1)) % lines.size();
  LedgerEntry first = *parse_entry(lines[one], one);
  LedgerEntry second = *parse_entry(lines[other], other);
  second.set_reason("not the same as " + first.reason());
  first.set_sequence(static_cast<std::uint32_t>(other));
  second.set_sequence(static_cast<std::uint32_t>(one));
  lines[one] = to_json(second);
  lines[other] = to_json(first);
  sign_again(history);
  return "the head kept:";
}
std::string swap_lines(History& history, Chance& chance) {
  const std::size_t one = chance.below(history.story.lines.size() - 1);
  std::swap(history.story.lines[one], history.story.lines[one + 1]);
  sign_again(history);
  return "entry " + std::to_string(one) + ":";
}
std::string begin_anew(History& history, Chance&) {
  history.story.change_key();
  sign_again(history);
  return "the head kept:";
}

struct NamedTampering {
  const char* name;
  Tampering tamper;
};

const std::array<NamedTampering, 13> kTamperings = {{
    {"a bit of an entry", change_byte_of_line},
    {"a bit of a leaf", change_byte_of_leaves},
    {"a bit of the head", change_byte_of_head},
    {"a bit of the key", change_byte_of_key},
    {"a bit of the public key", change_byte_of_public_key},
    {"the end cut off", cut_both_files},
    {"an entry rewritten, and signed", rewrite_entry},
    {"an entry removed, and signed", remove_entry},
    {"an entry inserted, and signed", insert_entry},
    {"two entries exchanged, and signed", exchange_entries},
    {"two lines exchanged, and signed", swap_lines},
    {"all signed with another key", begin_anew},
    {"a bit of an entry, again", change_byte_of_line},
}};

TEST_CASE("a thousand histories: whole ones have no fault, each tampering is found and named") {
  const TemporaryFolder folder;
  Chance chance(7);
  for (std::size_t i = 0; i < kHistories; ++i) {
    History history = make_history(chance, folder.path());
    CAPTURE(i);
    REQUIRE(faults_of(history.archive, history.kept).empty());
    const NamedTampering& tampering = kTamperings[i % kTamperings.size()];
    CAPTURE(tampering.name);
    const std::string where = tampering.tamper(history, chance);
    const std::vector<std::string> faults = faults_of(history.archive, history.kept);
    REQUIRE_FALSE(faults.empty());
    const bool is_named = std::any_of(faults.begin(), faults.end(), [&](const std::string& fault) {
      return fault.starts_with(where);
    });
    CAPTURE(faults.front());
    CAPTURE(where);
    REQUIRE(is_named);
  }
}

TEST_CASE("a thousand histories: the longer tree begins with the kept one, and no other does") {
  Chance chance(11);
  for (std::size_t i = 0; i < kHistories; ++i) {
    const std::size_t size = 2 + chance.below(40);
    const std::size_t kept = 1 + chance.below(size - 1);
    std::vector<Sha256> leaves;
    for (std::size_t n = 0; n < size; ++n)
      leaves.push_back(leaf_hash(std::to_string(chance.below(1000))));
    const SubtreeSource source =
        subtrees_of([&](std::uint64_t index) -> Result<Sha256> { return leaves[index]; });
    const auto head_of = [&](std::size_t count) {
      CompactTree tree;
      for (std::size_t n = 0; n < count; ++n) tree.append(leaves[n]);
      return TreeHead{.size = count, .root = tree.root()};
    };
    const TreeHead before = head_of(kept);
    auto proof = consistency_proof(kept, size, source);
    REQUIRE(proof);
    REQUIRE(verify_consistency(before, head_of(size), *proof));
    leaves[chance.below(kept)][chance.below(32)] ^= 1U;
    proof = consistency_proof(kept, size, source);
    REQUIRE(proof);
    REQUIRE_FALSE(verify_consistency(before, head_of(size), *proof));
  }
}

}  // namespace
}  // namespace koegura::store
