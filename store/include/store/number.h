// Numbers: any spelling to one form, by libphonenumber. Free-threaded.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace koegura::store {

// "０３ー１２３４" → "03-1234": full-width forms of ASCII characters, and the dashes people type.
[[nodiscard]] std::string half_width(std::string_view text);

// "03-1234-5678", "+81312345678", "０３（１２３４）５６７８", "184 0312345678" → "+81312345678".
// What is no valid number of the region keeps what can be dialled of it (extensions and service
// codes: "23-01" → "2301",
// "*67"), or itself if it has a letter (names: "alice"). tel: parameters (";ext=5") are dropped.
// Normalising again changes nothing.
[[nodiscard]] std::string normalise_number(std::string_view raw, const std::string& region);

// As it is dialled inside the region: "+81312345678" → "0312345678"; anything else stays.
[[nodiscard]] std::string national_number(const std::string& normalised, const std::string& region);

// What `--number` asks for: a whole number in any spelling, a suffix ("*5678"), a prefix ("0312*")
// or a part ("*1234*").
struct NumberPattern {
  enum class Shape : unsigned char { kWhole, kPrefix, kSuffix, kPart };
  Shape shape = Shape::kWhole;
  std::vector<std::string> forms;  // terms to look for: any one will do; never empty strings

  // REQUIRES: term is of number_term.
  [[nodiscard]] bool matches(std::string_view term) const;
};

// Nothing to look for ("*", "") gives a pattern without forms, which matches every term.
[[nodiscard]] NumberPattern parse_number_pattern(std::string_view text, const std::string& region);

// As the people of the region write a normalised number: "+81312345678" → "03-1234-5678" in Japan,
// "+12125550100" → "+1 212-555-0100". What is no E.164 number stays as it is.
[[nodiscard]] std::string readable_number(const std::string& normalised, const std::string& region);

// The form under which a normalised number is found: ASCII letters in lower case.
[[nodiscard]] std::string number_term(std::string_view normalised);

}  // namespace koegura::store
