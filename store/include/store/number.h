// Numbers: any spelling to one form, by libphonenumber.
#pragma once

#include <string>
#include <string_view>

namespace koegura::store {

// "03-1234-5678", "+81312345678", "０３（１２３４）５６７８", "184 0312345678" → "+81312345678". What is no
// valid number of the region (extensions, service codes, names) keeps its digits, or itself if it
// has none: "2301" → "2301", "alice" → "alice".
[[nodiscard]] std::string normalise_number(std::string_view raw, const std::string& region);

}  // namespace koegura::store
