#include "text_terms.h"

#include <algorithm>
#include <string>

#include "name_term.h"
#include "utf8.h"

namespace koegura::store {

namespace {

enum class Letter : unsigned char { kNone, kOfWord, kOfRun };

struct LetterRange {
  char32_t first;
  char32_t last;
  Letter letter;
};

// In order; what is in none is punctuation to us.
constexpr LetterRange kLetters[] = {
    {U'0', U'9', Letter::kOfWord},       {U'A', U'Z', Letter::kOfWord},
    {U'a', U'z', Letter::kOfWord},       {0xAA, 0xAA, Letter::kOfWord},
    {0xB5, 0xB5, Letter::kOfWord},       {0xBA, 0xBA, Letter::kOfWord},
    {0xC0, 0xD6, Letter::kOfWord},       {0xD8, 0xF6, Letter::kOfWord},
    {0xF8, 0x1FFF, Letter::kOfWord},     {0x2C00, 0x2DFF, Letter::kOfWord},
    {0x2E80, 0x2FDF, Letter::kOfRun},                                       // radicals
    {0x3005, 0x3007, Letter::kOfRun},                                       // 々 〆 〇
    {0x3041, 0x3096, Letter::kOfRun},                                       // hiragana
    {0x309D, 0x309F, Letter::kOfRun},    {0x30A1, 0x30FA, Letter::kOfRun},  // katakana
    {0x30FC, 0x30FF, Letter::kOfRun},    {0x3105, 0x31FF, Letter::kOfRun},
    {0x3400, 0x4DBF, Letter::kOfRun},    {0x4E00, 0x9FFF, Letter::kOfRun},  // Han
    {0xA000, 0xABFF, Letter::kOfWord},   {0xAC00, 0xD7A3, Letter::kOfRun},  // Hangul
    {0xF900, 0xFAFF, Letter::kOfRun},    {0xFB00, 0xFDFF, Letter::kOfWord},
    {0xFF10, 0xFF19, Letter::kOfWord},   {0xFF21, 0xFF3A, Letter::kOfWord},  // full width
    {0xFF41, 0xFF5A, Letter::kOfWord},   {0xFF66, 0xFF9F, Letter::kOfRun},   // half-width kana
    {0x10000, 0x1AFFF, Letter::kOfWord}, {0x20000, 0x3FFFF, Letter::kOfRun},
};

Letter letter_of(char32_t c) {
  for (const LetterRange& range : kLetters) {
    if (c >= range.first && c <= range.last) return range.letter;
  }
  return Letter::kNone;
}

struct Run {
  Letter letter = Letter::kNone;
  std::vector<std::string_view> characters;  // within the folded text
  [[nodiscard]] std::string_view text() const {
    const char* begin = characters.front().data();
    return {begin,
            static_cast<std::size_t>(characters.back().data() + characters.back().size() - begin)};
  }
};

// Stretches of one sort of letters.
std::vector<Run> runs_of(std::string_view folded) {
  std::vector<Run> runs;
  Letter last = Letter::kNone;
  while (!folded.empty()) {
    std::string_view rest = folded;
    const Letter letter = letter_of(take_character(rest));
    if (letter != Letter::kNone) {
      if (letter != last) runs.push_back({letter, {}});
      runs.back().characters.push_back(folded.substr(0, folded.size() - rest.size()));
    }
    last = letter;
    folded = rest;
  }
  return runs;
}

// Two characters, the first of them and the next.
std::string_view pair_at(const Run& run, std::size_t i) {
  return {run.characters[i].data(), run.characters[i].size() + run.characters[i + 1].size()};
}

void add_terms(std::vector<std::string>& terms, std::string_view folded) {
  for (const Run& run : runs_of(folded)) {
    if (run.letter == Letter::kOfWord) {
      terms.emplace_back(run.text());
      continue;
    }
    for (std::size_t i = 0; i + 1 < run.characters.size(); ++i) terms.emplace_back(pair_at(run, i));
    terms.emplace_back(run.characters.back());
  }
}

void keep_each_once(std::vector<std::string>& terms) {
  std::sort(terms.begin(), terms.end());
  terms.erase(std::unique(terms.begin(), terms.end()), terms.end());
}

constexpr std::string_view kMark = "#";

bool starts_with_mark(std::string_view text) {
  return text.starts_with(kMark) || text.starts_with("＃");
}

std::string_view without_mark(std::string_view text) {
  const std::size_t size = text.starts_with(kMark) ? kMark.size() : std::string_view("＃").size();
  return starts_with_mark(text) ? text.substr(size) : text;
}

bool ends_tag(char32_t c) {
  return letter_of(c) == Letter::kNone && c != U'-' && c != U'_' && c != U'・' && c != U'－';
}

// What the mark stands before.
std::string_view tag_at(std::string_view text) {
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string_view after = rest;
    if (ends_tag(take_character(after))) break;
    rest = after;
  }
  return text.substr(0, text.size() - rest.size());
}

bool begins_word(std::string_view text, std::size_t at) {
  if (at == 0) return true;
  std::size_t before = at - 1;
  while (before > 0 && (static_cast<unsigned char>(text[before]) & 0xC0U) == 0x80) --before;
  std::string_view character = text.substr(before);
  return letter_of(take_character(character)) != Letter::kOfWord;
}

// A word begins where the text has it, unless it begins with a character that no word begins with.
bool has_word(std::string_view text, std::string_view word) {
  std::string_view first = word;
  const bool is_word = letter_of(take_character(first)) == Letter::kOfWord;
  for (std::size_t at = text.find(word); at != std::string_view::npos;
       at = text.find(word, at + 1)) {
    if (!is_word || begins_word(text, at)) return true;
  }
  return false;
}

// What finds the run: its pairs of characters, or how it begins.
void add_run(const Run& run, std::vector<std::string>& terms,
             std::vector<std::string>& beginnings) {
  if (run.letter != Letter::kOfRun || run.characters.size() < 2) {
    beginnings.emplace_back(run.text());
    return;
  }
  for (std::size_t i = 0; i + 1 < run.characters.size(); ++i) terms.emplace_back(pair_at(run, i));
}

bool is_among(std::string_view tag, const auto& tags) {
  return std::any_of(tags.begin(), tags.end(),
                     [&](const std::string& other) { return tag_term(other) == tag_term(tag); });
}

void add_tag(std::vector<std::string>& tags, std::string_view tag) {
  if (!tag.empty() && !is_among(tag, tags)) tags.emplace_back(tag);
}

bool is_tag(std::string_view word) {
  return starts_with_mark(word) && !tag_term(word).empty();
}

}  // namespace

std::vector<std::string> tags_in(std::string_view text) {
  std::vector<std::string> tags;
  bool may_begin = true;  // "C#" is none
  while (!text.empty()) {
    if (may_begin && starts_with_mark(text)) add_tag(tags, tag_at(without_mark(text)));
    may_begin = letter_of(take_character(text)) == Letter::kNone;
  }
  return tags;
}

std::string tag_term(std::string_view tag) {
  const std::string folded = name_term(without_mark(tag));
  return folded.empty() ? folded : std::string(kMark) + folded;
}

std::vector<std::string> terms_of_notes(const CallRecord& record) {
  std::vector<std::string> terms;
  for (const Note& note : record.notes()) add_terms(terms, folded_text(note.text()));
  for (const std::string& tag : record.tags()) {
    if (std::string term = tag_term(tag); !term.empty()) terms.push_back(std::move(term));
  }
  keep_each_once(terms);
  return terms;
}

TextPattern::TextPattern(std::string_view words) {
  const std::string folded = folded_text(words);
  std::string_view rest = folded;
  while (!rest.empty()) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    if (is_tag(word)) {
      terms_.push_back(tag_term(word));
      words_.emplace_back(word);
      continue;
    }
    const std::vector<Run> runs = runs_of(word);
    if (!runs.empty()) words_.emplace_back(word);
    for (const Run& run : runs) add_run(run, terms_, beginnings_);
  }
  keep_each_once(terms_);
  keep_each_once(beginnings_);
}

bool TextPattern::matches(const CallRecord& record) const {
  std::vector<std::string> texts;
  for (const Note& note : record.notes()) texts.push_back(folded_text(note.text()));
  const auto is_there = [&](const std::string& word) {
    if (is_tag(word)) return is_among(word, record.tags());
    return std::any_of(texts.begin(), texts.end(),
                       [&](const std::string& text) { return has_word(text, word); });
  };
  return std::all_of(words_.begin(), words_.end(), is_there);
}

}  // namespace koegura::store
