// The C library's calls that fault_disk stands in for. Those it does not know of (io_uring, mmap)
// the recorder does not write with.
#undef _FILE_OFFSET_BITS  // would give open64 and its like the names of those without 64, twice
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "fault_disk.h"

namespace fault {
namespace {

template <typename... Arguments>
long call(long number, Arguments... arguments) {
  return ::syscall(number, arguments...);
}

int refuse(int error) {
  errno = error;
  return -1;
}

// ---- opening --------------------------------------------------------------------------------

int open_at(int directory, const char* path, int flags, mode_t mode) {
  Disk& disk = Disk::get();
  const std::string whole = disk.ours(directory, path);
  const bool changes = (flags & (O_CREAT | O_TRUNC | O_WRONLY | O_RDWR)) != 0;
  if (whole.empty()) return static_cast<int>(call(SYS_openat, directory, path, flags, mode));
  if (changes) {
    if (const int error = disk.judge(kOpen); error > 0) return refuse(error);
  }
  const std::lock_guard lock(disk.mutex());
  const auto fd = static_cast<int>(call(SYS_openat, directory, path, flags, mode));
  if (fd < 0) return fd;
  disk.follow(fd, true);
  disk.note({.op = Op::kOpen, .fd = fd, .flags = flags}, whole);
  return fd;
}

mode_t mode_of(int flags, va_list arguments) {
  const bool has_mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  return has_mode ? va_arg(arguments, mode_t) : 0;
}

// What goes through a FILE is not seen, what goes to its descriptor is: libstdc++'s streams.
std::FILE* open_file(const char* name, const char* path, const char* mode) {
  Disk& disk = Disk::get();
  const std::string whole = disk.ours(AT_FDCWD, path);
  const bool changes = std::strpbrk(mode, "wa+") != nullptr;
  if (!whole.empty() && changes) {
    if (const int error = disk.judge(kOpen); error > 0) return refuse(error), nullptr;
  }
  const std::lock_guard lock(disk.mutex());
  const auto real =
      reinterpret_cast<std::FILE* (*)(const char*, const char*)>(::dlsym(RTLD_NEXT, name));
  std::FILE* file = real(path, mode);
  if (file == nullptr || whole.empty()) return file;
  const bool creates = std::strpbrk(mode, "wa") != nullptr;
  const bool empties = std::strchr(mode, 'w') != nullptr;
  disk.follow(::fileno(file), true);
  disk.note({.op = Op::kOpen,
             .fd = ::fileno(file),
             .flags = (changes ? O_RDWR : 0) | (creates ? O_CREAT : 0) | (empties ? O_TRUNC : 0)},
            whole);
  return file;
}

// The name is chosen by the C library, which opens the file by itself.
int open_temporary(const char* name, char* path, int flags) {
  Disk& disk = Disk::get();
  const bool is_ours = !disk.ours(AT_FDCWD, path).empty();
  if (is_ours) {
    if (const int error = disk.judge(kOpen); error > 0) return refuse(error);
  }
  const std::lock_guard lock(disk.mutex());
  const int fd = reinterpret_cast<int (*)(char*, int)>(::dlsym(RTLD_NEXT, name))(path, flags);
  if (fd < 0 || !is_ours) return fd;
  disk.follow(fd, true);
  disk.note({.op = Op::kOpen, .fd = fd, .flags = O_RDWR | O_CREAT}, disk.ours(AT_FDCWD, path));
  return fd;
}

void closing(int fd) {
  Disk& disk = Disk::get();
  if (!disk.is_ours(fd)) return;
  const std::lock_guard lock(disk.mutex());
  disk.follow(fd, false);
  disk.note({.op = Op::kClose, .fd = fd});
}

// ---- reading and writing --------------------------------------------------------------------

constexpr std::int64_t kHere = -1;  // where the file stands

long real_write(int fd, const std::vector<iovec>& parts, std::int64_t offset) {
  if (offset == kHere) return call(SYS_writev, fd, parts.data(), parts.size());
  return call(SYS_pwritev, fd, parts.data(), parts.size(), offset, 0);
}

// No more than so many bytes of it.
void cut(std::vector<iovec>& parts, std::size_t bytes) {
  for (iovec& part : parts) {
    part.iov_len = std::min(part.iov_len, bytes);
    bytes -= part.iov_len;
  }
}

std::size_t size_of(const std::vector<iovec>& parts) {
  std::size_t size = 0;
  for (const iovec& part : parts) size += part.iov_len;
  return size;
}

ssize_t write_at(int fd, std::vector<iovec> parts, std::int64_t offset) {
  Disk& disk = Disk::get();
  if (!disk.is_ours(fd)) return real_write(fd, parts, offset);
  const int verdict = disk.judge(kWrite);
  if (verdict > 0) return refuse(verdict);
  if (verdict == Rule::kShort && size_of(parts) > 1) cut(parts, size_of(parts) / 2);
  const std::lock_guard lock(disk.mutex());
  const long written = real_write(fd, parts, offset);
  if (written <= 0) return written;
  cut(parts, static_cast<std::size_t>(written));
  const std::int64_t at = offset == kHere ? call(SYS_lseek, fd, 0, SEEK_CUR) - written : offset;
  disk.note({.op = Op::kWrite, .fd = fd, .offset = static_cast<std::uint64_t>(at)},
            Disk::Parts{parts.data(), static_cast<int>(parts.size())});
  return written;
}

std::vector<iovec> one(const void* data, std::size_t size) {
  return {{.iov_base = const_cast<void*>(data), .iov_len = size}};
}

// An error to read with, or 0.
int judge_read(int fd) {
  Disk& disk = Disk::get();
  return disk.is_ours(fd) ? std::max(disk.judge(kRead), 0) : 0;
}

int sync(long number, int fd) {
  Disk& disk = Disk::get();
  if (!disk.is_ours(fd)) return static_cast<int>(call(number, fd));
  {
    const std::lock_guard lock(disk.mutex());
    disk.note({.op = Op::kSyncBegin, .fd = fd});
  }
  const int verdict = disk.judge(kSync);
  const int result = verdict > 0 ? refuse(verdict) : static_cast<int>(call(number, fd));
  const int error = errno;
  const std::lock_guard lock(disk.mutex());
  disk.note({.op = Op::kSyncEnd, .fd = fd, .flags = result});
  errno = error;
  return result;
}

// ---- names and sizes ------------------------------------------------------------------------

template <typename Real>
int on_path(Kind kind, Op op, const std::string& whole, Real real) {
  Disk& disk = Disk::get();
  if (whole.empty()) return real();
  if (const int error = disk.judge(kind); error > 0) return refuse(error);
  const std::lock_guard lock(disk.mutex());
  const int result = real();
  if (result == 0) disk.note({.op = op}, whole);
  return result;
}

int rename_at(Op op, int from_folder, const char* from, int to_folder, const char* to, int flags) {
  Disk& disk = Disk::get();
  const auto real = [&] {
    const long number = op == Op::kLink ? SYS_linkat : SYS_renameat2;
    return static_cast<int>(call(number, from_folder, from, to_folder, to, flags));
  };
  const std::string whole_from = disk.ours(from_folder, from);
  const std::string whole_to = disk.ours(to_folder, to);
  if (whole_from.empty() && whole_to.empty()) return real();
  if (const int error = disk.judge(kRename); error > 0) return refuse(error);
  const std::lock_guard lock(disk.mutex());
  const int result = real();
  if (result == 0) disk.note({.op = op, .flags = flags}, whole_from, whole_to);
  return result;
}

int unlink_at(int folder, const char* path, int flags) {
  const bool is_folder = (flags & AT_REMOVEDIR) != 0;
  return on_path(kUnlink, is_folder ? Op::kRmdir : Op::kUnlink, Disk::get().ours(folder, path),
                 [&] { return static_cast<int>(call(SYS_unlinkat, folder, path, flags)); });
}

int mkdir_at(int folder, const char* path, mode_t mode) {
  return on_path(kMkdir, Op::kMkdir, Disk::get().ours(folder, path),
                 [&] { return static_cast<int>(call(SYS_mkdirat, folder, path, mode)); });
}

int truncate_file(int fd, off_t size) {
  Disk& disk = Disk::get();
  if (!disk.is_ours(fd)) return static_cast<int>(call(SYS_ftruncate, fd, size));
  if (const int error = disk.judge(kTruncate); error > 0) return refuse(error);
  const std::lock_guard lock(disk.mutex());
  const auto result = static_cast<int>(call(SYS_ftruncate, fd, size));
  const auto offset = static_cast<std::uint64_t>(size);
  if (result == 0) disk.note({.op = Op::kTruncate, .fd = fd, .offset = offset});
  return result;
}

int allocate(int fd, int mode, off_t offset, off_t size) {
  Disk& disk = Disk::get();
  if (!disk.is_ours(fd)) return static_cast<int>(call(SYS_fallocate, fd, mode, offset, size));
  if (const int error = disk.judge(kAllocate); error > 0) return refuse(error);
  const std::lock_guard lock(disk.mutex());
  const auto result = static_cast<int>(call(SYS_fallocate, fd, mode, offset, size));
  const auto end = static_cast<std::uint64_t>(offset + size);
  if (result == 0) disk.note({.op = Op::kAllocate, .fd = fd, .flags = mode, .offset = end});
  return result;
}

[[gnu::destructor]] void at_exit() {
  Disk::get().write_counts();
}

}  // namespace
}  // namespace fault

// NOLINTBEGIN(readability-identifier-naming): the C library's names
extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = fault::mode_of(flags, arguments);
  va_end(arguments);
  return fault::open_at(AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = fault::mode_of(flags, arguments);
  va_end(arguments);
  return fault::open_at(AT_FDCWD, path, flags, mode);
}
int openat(int folder, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = fault::mode_of(flags, arguments);
  va_end(arguments);
  return fault::open_at(folder, path, flags, mode);
}
int openat64(int folder, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = fault::mode_of(flags, arguments);
  va_end(arguments);
  return fault::open_at(folder, path, flags, mode);
}
std::FILE* fopen(const char* path, const char* mode) {
  return fault::open_file("fopen", path, mode);
}
std::FILE* fopen64(const char* path, const char* mode) {
  return fault::open_file("fopen64", path, mode);
}
int mkostemp(char* path, int flags) {
  return fault::open_temporary("mkostemp", path, flags);
}
int mkostemp64(char* path, int flags) {
  return fault::open_temporary("mkostemp64", path, flags);
}
int close(int fd) {
  fault::closing(fd);
  return static_cast<int>(fault::call(SYS_close, fd));
}
int fclose(std::FILE* file) {
  fault::closing(::fileno(file));
  return reinterpret_cast<int (*)(std::FILE*)>(::dlsym(RTLD_NEXT, "fclose"))(file);
}
int closedir(DIR* directory) {  // what std::filesystem opened by openat
  fault::closing(::dirfd(directory));
  return reinterpret_cast<int (*)(DIR*)>(::dlsym(RTLD_NEXT, "closedir"))(directory);
}

ssize_t read(int fd, void* data, size_t size) {
  if (const int error = fault::judge_read(fd); error > 0) return fault::refuse(error);
  return fault::call(SYS_read, fd, data, size);
}
ssize_t pread(int fd, void* data, size_t size, off_t offset) {
  if (const int error = fault::judge_read(fd); error > 0) return fault::refuse(error);
  return fault::call(SYS_pread64, fd, data, size, offset);
}
ssize_t pread64(int fd, void* data, size_t size, off64_t offset) {
  return pread(fd, data, size, offset);
}
ssize_t write(int fd, const void* data, size_t size) {
  return fault::write_at(fd, fault::one(data, size), fault::kHere);
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  return fault::write_at(fd, fault::one(data, size), offset);
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  return fault::write_at(fd, fault::one(data, size), offset);
}
ssize_t writev(int fd, const iovec* parts, int count) {
  return fault::write_at(fd, {parts, parts + count}, fault::kHere);
}
ssize_t pwritev(int fd, const iovec* parts, int count, off_t offset) {
  return fault::write_at(fd, {parts, parts + count}, offset);
}
ssize_t pwritev64(int fd, const iovec* parts, int count, off64_t offset) {
  return fault::write_at(fd, {parts, parts + count}, offset);
}
int fsync(int fd) {
  return fault::sync(SYS_fsync, fd);
}
int fdatasync(int fd) {
  return fault::sync(SYS_fdatasync, fd);
}

int rename(const char* from, const char* to) noexcept {
  return fault::rename_at(fault::Op::kRename, AT_FDCWD, from, AT_FDCWD, to, 0);
}
int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
  return fault::rename_at(fault::Op::kRename, from_folder, from, to_folder, to, 0);
}
int renameat2(int from_folder, const char* from, int to_folder, const char* to,
              unsigned flags) noexcept {
  return fault::rename_at(fault::Op::kRename, from_folder, from, to_folder, to,
                          static_cast<int>(flags));
}
int link(const char* from, const char* to) noexcept {
  return fault::rename_at(fault::Op::kLink, AT_FDCWD, from, AT_FDCWD, to, 0);
}
int unlink(const char* path) noexcept {
  return fault::unlink_at(AT_FDCWD, path, 0);
}
int unlinkat(int folder, const char* path, int flags) noexcept {
  return fault::unlink_at(folder, path, flags);
}
int rmdir(const char* path) noexcept {
  return fault::unlink_at(AT_FDCWD, path, AT_REMOVEDIR);
}
int remove(const char* path) noexcept {
  if (fault::unlink_at(AT_FDCWD, path, 0) == 0) return 0;
  return errno == EISDIR ? fault::unlink_at(AT_FDCWD, path, AT_REMOVEDIR) : -1;
}
int mkdir(const char* path, mode_t mode) noexcept {
  return fault::mkdir_at(AT_FDCWD, path, mode);
}
int ftruncate(int fd, off_t size) noexcept {
  return fault::truncate_file(fd, size);
}
int ftruncate64(int fd, off64_t size) noexcept {
  return fault::truncate_file(fd, size);
}
int fallocate(int fd, int mode, off_t offset, off_t size) {
  return fault::allocate(fd, mode, offset, size);
}
int fallocate64(int fd, int mode, off64_t offset, off64_t size) {
  return fault::allocate(fd, mode, offset, size);
}
int posix_fallocate(int fd, off_t offset, off_t size) {
  return fault::allocate(fd, 0, offset, size) == 0 ? 0 : errno;
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
