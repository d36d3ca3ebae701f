// nearest: the known word a mistyped one was probably meant to be.
#pragma once

#include <span>
#include <string_view>

namespace koegura::tools {

// Empty if none is near (within a third of the word's length in edits).
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       std::span<const std::string_view> known);

}  // namespace koegura::tools
