// One spool for all inputs of a fuzz target; its folder goes with the process.
#pragma once

#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "capture/spool.h"

namespace koegura::fuzz {

inline capture::Spool& spool() {
  struct Place {
    Place() {
      folder = (std::filesystem::temp_directory_path() / "koegura-fuzz-XXXXXX").string();
      if (::mkdtemp(folder.data()) == nullptr) std::abort();
      auto opened = capture::Spool::open(folder, {.segment_bytes = 1U << 20U});
      if (!opened) std::abort();
      spool = std::move(*opened);
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      spool.reset();
      std::error_code ignored;
      std::filesystem::remove_all(folder, ignored);
    }
    std::string folder;
    std::unique_ptr<capture::Spool> spool;
  };
  static const Place place;
  return *place.spool;
}

}  // namespace koegura::fuzz
