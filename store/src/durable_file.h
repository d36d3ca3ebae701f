// Durable files: the few steps by which a file comes to be on disk for good. Every write, fsync and
// rename of the archive outside RocksDB and Matroska goes through here. Errors say what the
// disk said and which path it was about.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "capture/error.h"

namespace koegura::store {

// "No space left on device", with the kind of failure that a permission makes.
[[nodiscard]] Error error_from_errno(const std::string& what, int error_number);

// Makes the folder and its parents (0750). If asked, all their names are on disk afterwards,
// whoever made them.
[[nodiscard]] Result<void> make_folders(const std::string& path, bool sync);
inline constexpr unsigned kFileMode = 0640;
// Creates or replaces a file by way of a temporary one beside it.
[[nodiscard]] Result<void> write_file(const std::string& path, std::string_view content,
                                      unsigned mode = kFileMode);
// The whole of a small file; fails if it holds more than most_bytes.
[[nodiscard]] Result<std::string> read_file(const std::string& path,
                                            std::uint64_t most_bytes = UINT64_MAX);

// Works on files and folders.
[[nodiscard]] Result<void> sync_path(const std::string& path);
// Renames within one filesystem, replacing what is there, and syncs the target's folder if asked.
[[nodiscard]] Result<void> move_into_place(const std::string& from, const std::string& to,
                                           bool sync);
[[nodiscard]] Result<std::uint64_t> file_size(const std::string& path);

// The pages of the file go out of memory, so that who reads it next reads the disk. Those that are
// not written yet stay.
void drop_from_cache(const std::string& path);

// Removes the file if it is there; used where another error is already on its way.
void discard_file(const std::string& path);

[[nodiscard]] std::string folder_of(const std::string& path);

}  // namespace koegura::store
