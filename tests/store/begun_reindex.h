// A reindex that did not come to its end.
#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "index.h"
#include "index_format.h"
#include "record_in_file.h"
#include "temporary_folder.h"

namespace koegura::store {

// As a rebuild leaves it that was killed after so many calls.
inline void begin_reindex(const std::string& directory, std::size_t calls,
                          const std::string& region) {
  const auto index =
      Index::open(directory + "/index.new", {.access = IndexOptions::Access::kBuild});
  REQUIRE(index);
  REQUIRE((*index)->change({{region_key(), region}}));
  const std::vector<std::string> files = files_below(directory + "/calls");
  for (std::size_t i = 0; i < calls; ++i) {
    const std::string path = "calls/" + files[i];
    auto record = record_in_file(directory + "/" + path);
    REQUIRE(record);
    record->mutable_audio()->set_path(path);
    REQUIRE((*index)->add(*record, std::filesystem::file_size(directory + "/" + path)));
  }
}

}  // namespace koegura::store
