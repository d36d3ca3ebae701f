#include "file_output.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include "terminal.h"

namespace koegura::tools {

namespace {

constexpr mode_t kFileMode = 0640;  // call data: nobody but the owner and the group

std::string because(const std::string& path) {
  return path + ": " + std::strerror(errno);
}

// Hidden, beside the file it will become: rename needs the same disk.
std::string template_beside(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::size_t name = slash == std::string::npos ? 0 : slash + 1;
  return path.substr(0, name) + '.' + path.substr(name) + ".XXXXXX";
}

}  // namespace

FileOutput::FileOutput(std::string path, std::string temporary, int fd)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}

FileOutput::FileOutput(FileOutput&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      fd_(std::exchange(other.fd_, -1)) {}

FileOutput::~FileOutput() {
  if (fd_ > STDERR_FILENO) close(fd_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

Result<FileOutput> FileOutput::create(const std::string& path, bool replace) {
  if (path == "-") {
    if (!stdout_is_terminal()) return FileOutput(path, {}, STDOUT_FILENO);
    return failure("standard output is a terminal: name a file with -o, or pipe it",
                   ErrorKind::kUsage);
  }
  struct stat status {};
  const bool exists = stat(path.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode)) {
    return failure(path + ": is a folder: name a file in it", ErrorKind::kUsage);
  }
  if (exists && !S_ISREG(status.st_mode)) {  // a pipe, /dev/null: nothing to rename over
    const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) return failure("cannot write " + because(path));
    return FileOutput(path, {}, fd);
  }
  if (exists && !replace) {
    return failure(path + ": exists already: choose another name, or overwrite it with --force",
                   ErrorKind::kUsage);
  }
  std::string temporary = template_beside(path);
  const int fd = mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) return failure("cannot write " + because(path));
  fchmod(fd, kFileMode);
  return FileOutput(path, std::move(temporary), fd);
}

Result<void> FileOutput::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failure("cannot write " + because(path_));
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> FileOutput::commit() {
  if (temporary_.empty()) return {};
  const std::string temporary = std::exchange(temporary_, {});
  // close tells of a full disk on network file systems; rename comes last.
  if (close(std::exchange(fd_, -1)) == 0 && std::rename(temporary.c_str(), path_.c_str()) == 0) {
    return {};
  }
  auto error = failure("cannot write " + because(path_));
  unlink(temporary.c_str());
  return error;
}

Result<void> write_file(const std::string& path, std::string_view bytes) {
  auto output = FileOutput::create(path, true);
  if (!output) return tl::make_unexpected(std::move(output.error()));
  if (auto written = output->write(bytes); !written) return written;
  return output->commit();
}

Result<std::string> read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                             &std::fclose);
  if (!file) {
    const auto kind = errno == ENOENT ? ErrorKind::kNotFound : ErrorKind::kFailed;
    return failure("cannot read " + because(path), kind);
  }
  std::string text;
  std::array<char, 4096> part{};
  std::size_t size = 0;
  while ((size = std::fread(part.data(), 1, part.size(), file.get())) > 0) {
    text.append(part.data(), size);
  }
  if (std::ferror(file.get()) != 0) return failure("cannot read " + because(path));
  return text;
}

}  // namespace koegura::tools
