// status_text: the figures of the status messages, which are JSON's doubles, as people read them.
#pragma once

#include <cstdint>
#include <string>

#include "output.pb.h"
#include "quantity_text.h"

namespace koegura::tools {

inline std::string count_of(double count) {
  return count_text(static_cast<std::uint64_t>(count));
}
inline std::string bytes_of(double bytes) {
  return bytes_text(static_cast<std::uint64_t>(bytes));
}
inline std::string plural_of(double count, const std::string& noun) {
  return plural(static_cast<std::uint64_t>(count), noun);
}

// Of frames that were dropped or malformed, for whatever reason.
inline double total(const google::protobuf::Map<std::string, double>& counts) {
  double sum = 0;
  for (const auto& [reason, count] : counts) sum += count;
  return sum;
}

}  // namespace koegura::tools
