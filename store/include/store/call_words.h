// The words of a record's state and direction (record.proto).
#pragma once

#include <array>
#include <string_view>

namespace koegura::store {

// The index has their places in its keys: words are only added, at the end.
inline constexpr std::array<std::string_view, 7> kCallStates = {
    "answered", "missed", "busy", "cancelled", "failed", "interrupted", "media-only"};
inline constexpr std::array<std::string_view, 4> kCallDirections = {"in", "out", "internal",
                                                                    "unknown"};

}  // namespace koegura::store
