#include "day_counts.h"

#include "call_facts.h"

namespace koegura::store {

std::string encode_day_counts(const DayCounts& counts) {
  std::string value;
  for (const auto& [outcome, count] : counts) {
    if (count == 0) continue;
    value.push_back(outcome);
    append_varint(value, count);
  }
  return value;
}

std::optional<DayCounts> decode_day_counts(std::string_view value) {
  DayCounts counts;
  while (!value.empty()) {
    const char outcome = value.front();
    value.remove_prefix(1);
    const std::optional<std::uint64_t> count = take_varint(value);
    if (!count) return std::nullopt;
    counts[outcome] = *count;
  }
  return counts;
}

}  // namespace koegura::store
