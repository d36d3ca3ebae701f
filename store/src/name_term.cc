#include "name_term.h"

#include "utf8.h"

namespace koegura::store {

namespace {

constexpr char32_t kFirstHalfKana = 0xFF61;
constexpr char32_t kVoiced = 0xFF9E;      // half-width marks, which stand behind their kana
constexpr char32_t kHalfVoiced = 0xFF9F;  // and in full width are part of it

// Half-width kana from U+FF61 on, and what each is in full width (JIS X 0201's order).
constexpr std::u32string_view kFullKana =
    U"。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホ"
    U"マミム"
    U"メモヤユヨラリルレロワン";

void append(std::string& out, char32_t c) {
  const auto trail = [&](unsigned shift) {
    out += static_cast<char>(0x80U | (static_cast<unsigned>(c >> shift) & 0x3FU));
  };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0U | static_cast<unsigned>(c >> 6U));
    trail(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0U | static_cast<unsigned>(c >> 12U));
    trail(6);
    trail(0);
  } else {
    out += static_cast<char>(0xF0U | static_cast<unsigned>(c >> 18U));
    trail(12);
    trail(6);
    trail(0);
  }
}

// What the mark makes of a full-width kana; 0 if it takes none. In Unicode the voiced forms follow
// their plain ones.
char32_t marked(char32_t kana, char32_t mark) {
  if (mark == kVoiced && kana == U'ウ') return U'ヴ';
  const bool is_h =
      kana == U'ハ' || kana == U'ヒ' || kana == U'フ' || kana == U'ヘ' || kana == U'ホ';
  if (mark == kHalfVoiced) return is_h ? kana + 2 : 0;
  constexpr std::u32string_view kVoiceable = U"カキクケコサシスセソタチツテト";
  return is_h || kVoiceable.find(kana) != std::u32string_view::npos ? kana + 1 : 0;
}

char32_t term_character(char32_t c) {
  if (c >= kFirstHalfKana && c < kFirstHalfKana + kFullKana.size()) {
    return kFullKana[c - kFirstHalfKana];
  }
  if (c >= 0xFF01 && c <= 0xFF5E) c = c - 0xFF01 + U'!';
  return c >= U'A' && c <= U'Z' ? c - U'A' + U'a' : c;
}

bool is_space(char32_t c) {
  return c == U' ' || c == U'\t' || c == U'\n' || c == U'\r' || c == 0x3000 || c == 0xA0;
}

std::string folded(std::string_view name, bool keeps_spaces) {
  std::string term;
  while (!name.empty()) {
    const char32_t character = take_character(name);
    if (is_space(character)) {
      if (keeps_spaces) term += ' ';
      continue;
    }
    char32_t plain = term_character(character);
    std::string_view rest = name;
    const char32_t next = rest.empty() ? 0 : take_character(rest);
    const bool is_mark = next == kVoiced || next == kHalfVoiced;
    if (const char32_t with_mark = is_mark ? marked(plain, next) : 0; with_mark != 0) {
      plain = with_mark;
      name = rest;
    }
    append(term, plain);
  }
  return term;
}

}  // namespace

std::string name_term(std::string_view name) {
  return folded(name, /*keeps_spaces=*/false);
}

std::string folded_text(std::string_view text) {
  return folded(text, /*keeps_spaces=*/true);
}

}  // namespace koegura::store
