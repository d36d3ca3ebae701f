// directory_plan: what an import makes of a directory. A pure function. Free-threaded.
#pragma once

#include <vector>

#include "directory_csv.h"
#include "store/directory_file.h"

namespace koegura::store {

struct DirectoryPlan {
  std::vector<DirectoryRow>
      rows;  // the whole directory, by number and time; no two of a key overlap
  DirectoryImport import;
  DirectoryFaults faults;  // of the new rows; with any, the rest means nothing
};

// REQUIRES: `known` is such a directory, or empty. See import_directory for the rules.
[[nodiscard]] DirectoryPlan plan_import(std::vector<DirectoryRow> known,
                                        std::vector<DirectoryRow> news,
                                        const DirectoryImportOptions& options);

}  // namespace koegura::store
