#include "store/directory_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "archive_folder.h"
#include "directory_load.h"
#include "directory_plan.h"
#include "durable_file.h"

namespace koegura::store {

namespace {

using Rows = std::vector<DirectoryRow>;
using Told = std::function<void(const DirectoryFault&)>;

// Held while a directory is read, changed and written.
class ImportLock {
 public:
  [[nodiscard]] static Result<ImportLock> take(const std::string& archive) {
    ImportLock lock(::open(archive.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (lock.fd_ < 0) return tl::make_unexpected(error_from_errno("opening " + archive, errno));
    while (::flock(lock.fd_, LOCK_EX) != 0) {
      if (errno == EINTR) continue;
      return tl::make_unexpected(error_from_errno("locking " + archive, errno));
    }
    return lock;
  }
  ImportLock(ImportLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ImportLock& operator=(ImportLock&&) = delete;
  ~ImportLock() {
    if (fd_ >= 0) ::close(fd_);  // and so unlocks
  }

 private:
  explicit ImportLock(int fd) : fd_(fd) {}
  int fd_;
};

std::string text_of(const std::string& file, const DirectoryFault& fault) {
  if (fault.line == 0) return file + ' ' + fault.what;
  return file + ':' + std::to_string(fault.line) + ": " + fault.what;
}

// The recorder must be able to read what root imports.
Result<void> give_to_owner_of(const std::string& archive, const std::string& file) {
  struct stat owner {};
  if (::geteuid() != 0) return {};
  if (::stat(archive.c_str(), &owner) != 0) {
    return tl::make_unexpected(error_from_errno("looking at " + archive, errno));
  }
  if (::chown(file.c_str(), owner.st_uid, owner.st_gid) != 0) {
    return tl::make_unexpected(
        error_from_errno("giving " + file + " to the archive's owner", errno));
  }
  return sync_path(file);
}

Result<void> write_directory(const std::string& archive, const Rows& rows) {
  const std::string content = directory_csv(rows);
  if (rows.size() > kMaxDirectoryRows || content.size() > kMaxDirectoryBytes) {
    return failure(directory_path(archive) + " would have " + std::to_string(rows.size()) +
                   " rows, and " + std::to_string(kMaxDirectoryRows) +
                   " is the most there may be: take out of it what ended years ago");
  }
  const std::string fresh = directory_path(archive) + ".new";
  Result<void> written =
      write_file(fresh, content)
          .and_then([&] { return give_to_owner_of(archive, fresh); })
          .and_then([&] { return move_into_place(fresh, directory_path(archive), /*sync=*/true); });
  if (!written) discard_file(fresh);
  return written;
}

tl::unexpected<Error> refused(const DirectoryText& file, const DirectoryFaults& faults,
                              const Told& told) {
  for (const DirectoryFault& fault : faults.first) told(fault);
  const std::string rows = faults.count == 1 ? "1 fault" : std::to_string(faults.count) + " faults";
  return failure(file.name + ": " + rows + ": nothing is imported");
}

}  // namespace

std::string directory_path(const std::string& archive) {
  return archive + "/directory.csv";
}

Result<Rows> load_directory(const std::string& path, const std::string& region,
                            DirectoryFaults& faults) {
  std::error_code error;
  if (!std::filesystem::exists(path, error) && !error) return Rows();
  Result<std::string> text = read_file(path, kMaxDirectoryBytes);
  if (!text) return tl::make_unexpected(std::move(text).error());
  ParsedDirectory parsed = parse_directory(*text);
  faults = std::move(parsed.faults);
  if (faults.count > 0) return Rows();
  DirectoryImportOptions options;
  options.region = region;
  DirectoryPlan plan = plan_import({}, std::move(parsed.rows), options);
  faults = std::move(plan.faults);
  return std::move(plan.rows);
}

Result<Rows> read_directory(const std::string& archive, const std::string& region) {
  if (auto folder = ArchiveFolder::open_for_reading(archive); !folder) {
    return tl::make_unexpected(std::move(folder).error());
  }
  DirectoryFaults faults;
  Result<Rows> rows = load_directory(directory_path(archive), region, faults);
  if (!rows || faults.count == 0) return rows;
  std::string what = text_of(directory_path(archive), faults.first.front());
  if (faults.count > 1) what += " (and " + std::to_string(faults.count - 1) + " more)";
  return failure(std::move(what));
}

Result<DirectoryText> read_directory_text(const std::string& path) {
  return read_file(path, kMaxDirectoryBytes).map([&](std::string bytes) {
    return DirectoryText{path, std::move(bytes)};
  });
}

Result<DirectoryImport> import_directory(const std::string& archive, const DirectoryText& file,
                                         const DirectoryImportOptions& options, const Told& told) {
  const auto folder = ArchiveFolder::open_for_reading(archive);
  if (!folder) return tl::make_unexpected(folder.error());
  if (const auto own = folder->check_owner(); !own && !options.dry_run) {
    return tl::make_unexpected(own.error());
  }
  ParsedDirectory parsed = parse_directory(file.bytes);
  if (parsed.faults.count > 0) return refused(file, parsed.faults, told);

  const auto lock = ImportLock::take(archive);
  if (!lock) return tl::make_unexpected(lock.error());
  Result<Rows> known = read_directory(archive, options.region);
  if (!known) return tl::make_unexpected(std::move(known).error());
  const DirectoryPlan plan = plan_import(std::move(*known), std::move(parsed.rows), options);
  if (plan.faults.count > 0) return refused(file, plan.faults, told);
  if (!options.dry_run && !plan.import.changes.empty()) {
    if (auto written = write_directory(archive, plan.rows); !written) {
      return tl::make_unexpected(std::move(written).error());
    }
  }
  return plan.import;
}

}  // namespace koegura::store
