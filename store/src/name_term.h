// name_term: the form under which a person's or department's name is found, however it was typed:
// full width or half, upper case or lower, with a space between the names or without.
// Free-threaded.
#pragma once

#include <string>
#include <string_view>

namespace koegura::store {

// "山田　太郎" → "山田太郎", "ＩＴ推進課" → "it推進課", "ﾔﾏﾀﾞ" → "ヤマダ". Empty if there is
// nothing but spaces.
[[nodiscard]] std::string name_term(std::string_view name);
// The same of a text with its words: each space, tab and line end becomes one ' '.
[[nodiscard]] std::string folded_text(std::string_view text);

}  // namespace koegura::store
