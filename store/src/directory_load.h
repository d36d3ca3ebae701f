// directory_load: DIR/directory.csv as rows.
#pragma once

#include <string>
#include <vector>

#include "directory_csv.h"

namespace koegura::store {

// Rows of which no two overlap; none if there is no file. Fails if the disk does; what is wrong
// with the file's content goes to `faults`, and the rows mean nothing then.
[[nodiscard]] Result<std::vector<DirectoryRow>> load_directory(const std::string& path,
                                                               const std::string& region,
                                                               DirectoryFaults& faults);

}  // namespace koegura::store
