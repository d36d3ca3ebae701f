#include "output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace koegura::traffic {

Result<std::unique_ptr<OutputFile>> OutputFile::open(const std::string& path) {
  int descriptor = STDOUT_FILENO;
  if (path != "-") {
    descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (descriptor < 0) {
      return failure("cannot write " + path + ": " + std::generic_category().message(errno));
    }
  }
  return std::unique_ptr<OutputFile>(new OutputFile(path, descriptor));
}

OutputFile::~OutputFile() {
  if (kept_ || is_standard_output()) return;
  struct stat status {};
  // Only a file that is ours to remove: not a device, not a pipe.
  if (::stat(path_.c_str(), &status) == 0 && S_ISREG(status.st_mode)) ::unlink(path_.c_str());
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> OutputFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return cannot_write(errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> OutputFile::close() {
  if (is_standard_output()) return {};
  // A disk behind a network may refuse as late as here.
  if (::close(std::exchange(descriptor_, -1)) != 0) return cannot_write(errno);
  return {};
}

tl::unexpected<Error> OutputFile::cannot_write(int error) const {
  return failure("cannot write " + (is_standard_output() ? std::string("standard output") : path_) +
                 ": " + std::generic_category().message(error));
}

}  // namespace koegura::traffic
