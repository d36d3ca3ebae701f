#include "durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <set>
#include <system_error>

#include "mutex.h"

namespace koegura::store {

namespace {

constexpr mode_t kFolderMode = 0750;

// Closes what it holds.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

tl::unexpected<Error> failed(const std::string& what, const std::string& path) {
  return tl::make_unexpected(error_from_errno(what + " " + path, errno));
}

Result<void> write_all(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("writing", path);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

Error error_from_errno(const std::string& what, int error_number) {
  const bool forbidden = error_number == EACCES || error_number == EPERM;
  return Error{what + ": " + std::generic_category().message(error_number),
               forbidden ? ErrorKind::kNotPermitted : ErrorKind::kFailed};
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

namespace {

// Folders whose names are known to be on disk. One that is found there may have been made by a
// thread that has yet to sync it, or by a process that died before it could.
class SyncedFolders {
 public:
  [[nodiscard]] bool contains(const std::string& path) {
    const MutexLock lock(mutex_);
    return paths_.contains(path);
  }
  void insert(const std::string& path) {
    const MutexLock lock(mutex_);
    paths_.insert(path);
  }

 private:
  Mutex mutex_;
  std::set<std::string> paths_ KOEGURA_GUARDED_BY(mutex_);
};

SyncedFolders& synced_folders() {
  static SyncedFolders folders;
  return folders;
}

bool exists(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

// The mode is a promise, whatever the umask of who starts us.
Result<void> make_one_folder(const std::string& path) {
  if (::mkdir(path.c_str(), kFolderMode) != 0) {
    const int error = errno;
    if (exists(path)) return {};  // another thread was faster
    errno = error;
    return failed("making the folder", path);
  }
  if (::chmod(path.c_str(), kFolderMode) != 0) return failed("setting the mode of", path);
  return {};
}

}  // namespace

Result<void> make_folders(const std::string& path, bool sync) {
  const bool was_there = exists(path);
  if (was_there && (!sync || synced_folders().contains(path))) return {};
  const std::string parent = folder_of(path);
  if (parent != path) {
    if (Result<void> made = make_folders(parent, sync); !made) return made;
  }
  if (!was_there) {
    if (Result<void> made = make_one_folder(path); !made) return made;
  }
  if (!sync) return {};
  // Not every user may open the folders that lie above an archive; those were not made by us.
  if (Result<void> synced = sync_path(parent); !synced && !was_there) return synced;
  synced_folders().insert(path);
  return {};
}

Result<void> write_file(const std::string& path, std::string_view content, unsigned mode) {
  const std::string temporary = path + ".part";
  {
    const FileDescriptor file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (file.get() < 0) return failed("creating", temporary);
    Result<void> written;
    if (::fchmod(file.get(), mode) != 0) written = failed("setting the mode of", temporary);
    if (written) written = write_all(file.get(), content, temporary);
    if (!written) {
      discard_file(temporary);
      return written;
    }
  }
  Result<void> placed = sync_path(temporary).and_then(
      [&] { return move_into_place(temporary, path, /*sync=*/true); });
  if (!placed) discard_file(temporary);
  return placed;
}

Result<std::string> read_file(const std::string& path, std::uint64_t most_bytes) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return failed("opening", path);
  std::string content;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("reading", path);
    if (got == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(got));
    if (content.size() > most_bytes) {
      return failure(path + " is larger than " + std::to_string(most_bytes) + " bytes");
    }
  }
}

Result<void> sync_path(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return failed("opening", path);
  if (::fsync(file.get()) != 0) return failed("syncing", path);
  return {};
}

Result<void> move_into_place(const std::string& from, const std::string& to, bool sync) {
  if (::rename(from.c_str(), to.c_str()) != 0) return failed("renaming " + from + " to", to);
  return sync ? sync_path(folder_of(to)) : Result<void>();
}

Result<std::uint64_t> file_size(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return failed("looking at", path);
  return static_cast<std::uint64_t>(status.st_size);
}

void drop_from_cache(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() >= 0) ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED);
}

void discard_file(const std::string& path) {
  ::unlink(path.c_str());
}

}  // namespace koegura::store
