// directory_text: rows of the directory, and what an import does to them, as `koegura directory`
// prints them.
#pragma once

#include <string>
#include <vector>

#include "output.pb.h"
#include "store/directory_file.h"

namespace koegura::tools {

// Aligned columns below a heading; no lines for no rows.
[[nodiscard]] std::vector<std::string> directory_lines(
    const std::vector<store::DirectoryRow>& rows);
// "+ 2301  水道課  佐藤  from 2026-04-01", aligned.
[[nodiscard]] std::vector<std::string> change_lines(
    const std::vector<store::DirectoryChange>& changes);
// "2 added, 1 changed, 1 ended, 120 unchanged"
[[nodiscard]] std::string summary_text(const store::DirectoryImport& import);

[[nodiscard]] DirectoryEntry entry_of(const store::DirectoryRow& row);
[[nodiscard]] DirectoryStep step_of(const store::DirectoryChange& change);

}  // namespace koegura::tools
