#include "open_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "durable_file.h"

namespace koegura::store {

Result<OpenFile> OpenFile::for_reading(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor >= 0) return OpenFile(path, descriptor);
  Error error = error_from_errno("opening " + path, errno);
  if (errno == ENOENT) error.kind = ErrorKind::kNotFound;
  return tl::make_unexpected(std::move(error));
}

Result<OpenFile> OpenFile::for_writing(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kFileMode);
  if (descriptor < 0) return tl::make_unexpected(error_from_errno("opening " + path, errno));
  OpenFile file(path, descriptor);
  if (::fchmod(descriptor, kFileMode) != 0) return file.failed("setting the mode of");
  return file;
}

OpenFile::OpenFile(OpenFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

OpenFile& OpenFile::operator=(OpenFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

OpenFile::~OpenFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

tl::unexpected<Error> OpenFile::failed(const char* what) const {
  return tl::make_unexpected(error_from_errno(std::string(what) + " " + path_, errno));
}

Result<std::uint64_t> OpenFile::size() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) return failed("looking at");
  return static_cast<std::uint64_t>(status.st_size);
}

Result<std::size_t> OpenFile::read_at(std::uint64_t offset, std::span<char> into) const {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t got = ::pread(descriptor_, into.data() + done, into.size() - done,
                                static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("reading");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

Result<void> OpenFile::write_at(std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("writing");
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

Result<void> OpenFile::truncate(std::uint64_t size) {
  if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) return failed("cutting");
  return {};
}

Result<void> OpenFile::sync() {
  if (::fdatasync(descriptor_) != 0) return failed("syncing");
  return {};
}

}  // namespace koegura::store
