#include "disk_room.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include "durable_file.h"

namespace koegura::store {

namespace {

std::string megabytes(std::uint64_t bytes) {
  constexpr std::uint64_t kMega = 1'000'000;
  return std::to_string(bytes / kMega) + " MB";
}

// "the disk at /srv": the topmost folder that lies on the same disk.
std::string disk_of(const std::string& folder) {
  std::error_code error;
  std::filesystem::path path = std::filesystem::canonical(folder, error);
  struct stat here {};
  if (error || ::stat(path.c_str(), &here) != 0) return "the disk of " + folder;
  while (path.has_relative_path()) {
    struct stat above {};
    const bool same =
        ::stat(path.parent_path().c_str(), &above) == 0 && above.st_dev == here.st_dev;
    if (!same) break;
    path = path.parent_path();
  }
  return "the disk at " + path.string();
}

// Closed, it is gone. Less than 0: errno.
int open_nameless(const std::string& folder) {
  const int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  const bool unknown = file < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT);
  if (!unknown) return file;
  std::string path = folder + "/probe-XXXXXX";
  const int named = ::mkostemp(path.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(path.c_str());
  return named;
}

// errno, or 0 if so many bytes could be had, and the first of them reached the disk.
int try_to_write(const std::string& folder, std::uint64_t bytes) {
  const int file = open_nameless(folder);
  if (file < 0) return errno;
  constexpr std::array<char, 4096> kBlock{};
  int error = ::posix_fallocate(file, 0, static_cast<off_t>(bytes));
  if (error == 0 && ::pwrite(file, kBlock.data(), kBlock.size(), 0) < 0) error = errno;
  if (error == 0 && ::fsync(file) != 0) error = errno;
  ::close(file);
  return error;
}

}  // namespace

Result<DiskSpace> DiskRoom::space() const {
  struct statvfs status {};
  if (::statvfs(folder_.c_str(), &status) != 0) {
    return tl::make_unexpected(error_from_errno(folder_, errno));
  }
  return DiskSpace{.free = std::uint64_t{status.f_bavail} * status.f_frsize,
                   .total = std::uint64_t{status.f_blocks} * status.f_frsize};
}

Result<void> DiskRoom::check() const {
  const std::uint64_t wanted = wanted_bytes_;
  if (reserve_bytes_ == 0 && wanted == 0) return {};
  const Result<DiskSpace> space = this->space();
  if (!space) return tl::make_unexpected(space.error());
  // On a small disk there is still something to archive to.
  const std::uint64_t reserve = std::min<std::uint64_t>(reserve_bytes_, space->total / 2);
  if (space->free < reserve + wanted) {
    std::string message = "disk full: " + megabytes(space->free) + " are free on " +
                          disk_of(folder_) + " of " + megabytes(space->total);
    if (reserve != 0) {
      message += ", and " + megabytes(reserve) +
                 " must stay free for the calls in progress (archive.reserve)";
    }
    return failure(message + ": free space or give the archive a larger disk; nothing is deleted");
  }
  if (wanted == 0) return {};
  if (const int error = try_to_write(temporary_, wanted); error != 0) {
    return tl::make_unexpected(
        error_from_errno(disk_of(folder_) + " cannot be written to (" + megabytes(space->free) +
                             " are free): free space, or see to the disk and its mount",
                         error));
  }
  // A refusal that came in between stands.
  std::uint64_t tried = wanted;
  wanted_bytes_.compare_exchange_strong(tried, 0);
  return {};
}

}  // namespace koegura::store
