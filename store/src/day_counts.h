// Day counts: how many calls of each outcome (call_facts.h) there are of one day: the value of a
// 'k' key. Each is its outcome's byte and a varint, in order of the outcomes; none is 0.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace koegura::store {

using DayCounts = std::map<char, std::uint64_t>;  // by outcome

[[nodiscard]] std::string encode_day_counts(const DayCounts& counts);
[[nodiscard]] std::optional<DayCounts> decode_day_counts(std::string_view value);

}  // namespace koegura::store
