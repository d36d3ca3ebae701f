#include "cut_log.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "durable_file.h"

namespace koegura::store {

namespace {

std::string cut_mark(const std::string& folder) {
  return folder + ".cut";
}

}  // namespace

bool was_log_cut(const std::string& folder) {
  std::error_code error;
  return std::filesystem::exists(cut_mark(folder), error) || error;
}

Result<void> forget_cut(const std::string& folder) {
  discard_file(cut_mark(folder));
  return sync_path(folder_of(folder));
}

// The mark first: RocksDB forgets the log as soon as it has opened.
Result<Database> open_cut(const std::string& folder, Error why) {
  const bool was_cut = was_log_cut(folder);
  if (!write_file(cut_mark(folder), "")) return tl::make_unexpected(std::move(why));
  Result<Database> database = open_database(folder, IndexOptions::Access::kWrite, DamagedLog::kCut);
  if (database) return database;
  if (!was_cut) discard_file(cut_mark(folder));
  return tl::make_unexpected(std::move(why));
}

}  // namespace koegura::store
