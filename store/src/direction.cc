// direction_of: who of the two belongs to the city hall, by the numbers that the config names, or
// by who registered.
#include <algorithm>
#include <array>

#include "number_pattern.h"
#include "record.h"
#include "store/number.h"

namespace koegura::store {

namespace {

constexpr const char* kUnknown = "unknown";

// The pattern may be written as the number stands on the wire, in its national or in its normalised
// form.
bool is_internal(const std::string& user, const ArchiveOptions& options) {
  if (user.empty()) return false;
  const std::string normalised = normalise_number(user, options.region);
  const std::array<std::string, 3> spellings{user, normalised,
                                             national_number(normalised, options.region)};
  return std::any_of(
      options.internal_numbers.begin(), options.internal_numbers.end(), [&](const auto& pattern) {
        if (!is_number_pattern(pattern) && normalise_number(pattern, options.region) == normalised)
          return true;
        return std::any_of(spellings.begin(), spellings.end(), [&](const auto& spelling) {
          return matches_number_pattern(pattern, spelling);
        });
      });
}

std::string name_of(capture::CallDirection direction) {
  switch (direction) {
    case capture::CallDirection::kUnknown:
      return kUnknown;
    case capture::CallDirection::kIn:
      return "in";
    case capture::CallDirection::kOut:
      return "out";
    case capture::CallDirection::kInternal:
      return "internal";
  }
  return "";
}

}  // namespace

std::string direction_of(const capture::FinishedCall& call, const ArchiveOptions& options) {
  const std::string configured = direction_between(is_internal(call.caller.user, options),
                                                   is_internal(call.callee.user, options));
  return configured == kUnknown ? name_of(call.direction) : configured;
}

std::string direction_between(bool caller_inside, bool callee_inside) {
  if (caller_inside && callee_inside) return "internal";
  if (caller_inside) return "out";
  if (callee_inside) return "in";
  return kUnknown;
}

}  // namespace koegura::store
