// Text terms: under what the words of notes are found. Japanese has no spaces, so that its
// characters are found by twos; what has words, by words and their beginnings. Width and case
// aside, as name_term folds.
//
//   "怒鳴る声、IT推進課 #カスハラ"  →  怒鳴 鳴る る声 声 it 推進 進課 課 カス スハ ハラ ラ
//   #カスハラ
//
// The last character of a run stands alone, too: so each character begins some term. A tag ("#" or
// "＃", up to a space or another punctuation) is a term as a whole.
//
// Free-threaded.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "record.pb.h"

namespace koegura::store {

// Of one text, in the order of their first places, each once; as written, without "#".
[[nodiscard]] std::vector<std::string> tags_in(std::string_view text);
// Everything under which the record's notes and tags are found, each once.
[[nodiscard]] std::vector<std::string> terms_of_notes(const CallRecord& record);
// "harassment", "#Ｈarassment" → "#harassment"
[[nodiscard]] std::string tag_term(std::string_view tag);

// Words that a text is searched for: each must be there, in one note or several.
class TextPattern {
 public:
  explicit TextPattern(std::string_view words);

  // Nothing to look for.
  [[nodiscard]] bool empty() const { return words_.empty(); }
  // Terms that must all be there; a call that has them all may still not match.
  [[nodiscard]] const std::vector<std::string>& terms() const { return terms_; }
  // Of each of these some term must be there that begins so.
  [[nodiscard]] const std::vector<std::string>& beginnings() const { return beginnings_; }
  [[nodiscard]] bool matches(const CallRecord& record) const;

 private:
  std::vector<std::string> words_;  // folded; tags with their mark
  std::vector<std::string> terms_;
  std::vector<std::string> beginnings_;
};

}  // namespace koegura::store
