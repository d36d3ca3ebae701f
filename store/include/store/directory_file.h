// directory_file: the directory as files: DIR/directory.csv, which is the archive's own, and those
// that are imported into it.
//
// A file is CSV (RFC 4180; csv and dates as in koegura-directory(1)) with a heading row:
//
//   number,department,person,valid_from,valid_to
//
// DIR/directory.csv is replaced whole (temporary file, fsync, rename): a recorder needs no lock to
// read it, and reads it again when it has changed. Imports wait for each other (flock on DIR).
// Free-threaded.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "capture/error.h"
#include "store/directory.h"

namespace koegura::store {

inline constexpr std::size_t kMaxDirectoryBytes = 32U << 20U;
inline constexpr std::size_t kMaxDirectoryRows = 100'000;

// What is wrong with a file, and what to do. Line 0: with all of it.
struct DirectoryFault {
  std::size_t line = 0;
  std::string what;
};

struct DirectoryChange {
  enum class Kind : unsigned char { kAdded, kChanged, kEnded };
  Kind kind = Kind::kAdded;
  DirectoryRow row;  // as it is then; of one that never was valid, as it was
};

struct DirectoryImport {
  std::vector<DirectoryChange> changes;  // in order of number and time
  std::size_t added = 0;
  std::size_t changed = 0;
  std::size_t ended = 0;
  std::size_t unchanged = 0;  // rows of the file that said nothing new
};

struct DirectoryImportOptions {
  std::string region = "JP";
  Day today{};
  bool replace = false;  // numbers that the file does not name end
  bool dry_run = false;
};

// The archive's own. Empty if it has none; a file that cannot be read is an error with FILE:LINE.
[[nodiscard]] Result<std::vector<DirectoryRow>> read_directory(const std::string& archive,
                                                               const std::string& region);
[[nodiscard]] std::string directory_path(const std::string& archive);

// A file as people name it.
struct DirectoryText {
  std::string name;
  std::string bytes;
};
// Refused if it is larger than kMaxDirectoryBytes.
[[nodiscard]] Result<DirectoryText> read_directory_text(const std::string& path);

// The rows of a file into the archive's directory; history is not rewritten:
//
// - A row that begins on a day ends an older one of its number the day before. One without an end
//   lasts until the next begins.
// - A row with the number and first day of one that is there replaces it.
// - A row without a first day is valid since ever if its number is new; else from today on, if it
//   says something else than what is valid today.
//
// With any fault (the first 20 are given to `told`) nothing is imported. The same file again
// changes nothing.
[[nodiscard]] Result<DirectoryImport> import_directory(
    const std::string& archive, const DirectoryText& file, const DirectoryImportOptions& options,
    const std::function<void(const DirectoryFault&)>& told);

// With its heading; what import reads back.
[[nodiscard]] std::string directory_csv(const std::vector<DirectoryRow>& rows);

}  // namespace koegura::store
