// A folder's entries. A range-for over a directory_iterator throws when the disk refuses to go on
// with it, whatever it was constructed with; this says so.
#pragma once

#include <filesystem>
#include <system_error>

namespace koegura::capture {

// In no order. Nothing more is given after an error.
template <typename Visit>
std::error_code for_each_entry(const std::filesystem::path& folder, const Visit& visit) {
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator(folder, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    visit(*entry);
  }
  return error;
}

}  // namespace koegura::capture
