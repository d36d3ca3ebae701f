#include "api_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

namespace koegura::tools {

namespace {

constexpr mode_t kSocketMode = 0660;
constexpr mode_t kFolderMode = 0750;
constexpr int kBacklog = 128;

Error error_from(int number, const std::string& what) {
  ErrorKind kind = ErrorKind::kFailed;
  if (number == EACCES || number == EPERM) kind = ErrorKind::kNotPermitted;
  if (number == ENOENT || number == ECONNREFUSED || number == ENOTDIR) kind = ErrorKind::kNotFound;
  return {what + ": " + std::strerror(number), kind};
}

Error cannot_listen(const std::string& path) {
  Error error = error_from(errno, "cannot listen on " + path);
  if (error.kind == ErrorKind::kNotFound) error.kind = ErrorKind::kFailed;
  error.message += ": name a path that can be written with [recorder] socket in koegura.toml";
  return error;
}

std::optional<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return std::nullopt;
  std::copy(path.begin(), path.end(), address.sun_path);
  return address;
}

const sockaddr* pointer_to(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

Descriptor new_socket() {
  return Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

Result<void> make_folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) return {};
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(folder).parent_path(), error);
  if (::mkdir(folder.c_str(), kFolderMode) == 0 || errno == EEXIST) return {};
  return tl::make_unexpected(cannot_listen(path));
}

// Takes away what a recorder that died left there.
Result<void> clear(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return {};
  if (!S_ISSOCK(status.st_mode)) {
    return failure("cannot listen on " + path +
                   ": it is no socket: remove it, or name another path with [recorder] socket in "
                   "koegura.toml");
  }
  const auto answers = connect_to(path);
  if (answers || answers.error().kind != ErrorKind::kNotFound) {
    return failure("cannot listen on " + path +
                   ": another recorder does: stop it, or name another path for this one with "
                   "[recorder] socket in koegura.toml");
  }
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return tl::make_unexpected(cannot_listen(path));
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

ListeningSocket::ListeningSocket(std::string path, Descriptor socket)
    : path_(std::move(path)), socket_(std::move(socket)) {
  struct stat status {};
  if (::lstat(path_.c_str(), &status) != 0) return;
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

ListeningSocket::~ListeningSocket() {
  struct stat status {};
  const bool is_ours = !path_.empty() && ::lstat(path_.c_str(), &status) == 0 &&
                       status.st_dev == device_ && status.st_ino == inode_;
  if (is_ours) ::unlink(path_.c_str());
}

Result<ListeningSocket> ListeningSocket::open(const std::string& path) {
  const auto address = address_of(path);
  if (!address) {
    errno = ENAMETOOLONG;
    return tl::make_unexpected(cannot_listen(path));
  }
  if (auto made = make_folder_of(path); !made) return tl::make_unexpected(made.error());
  if (auto cleared = clear(path); !cleared) return tl::make_unexpected(cleared.error());
  Descriptor socket = new_socket();
  // Before bind: the file is never open to more than it will be. The umask may have narrowed it.
  const bool bound = socket.get() >= 0 && ::fchmod(socket.get(), kSocketMode) == 0 &&
                     ::bind(socket.get(), pointer_to(*address), sizeof(*address)) == 0;
  if (!bound) return tl::make_unexpected(cannot_listen(path));
  ListeningSocket listening(path, std::move(socket));
  const bool ready =
      ::chmod(path.c_str(), kSocketMode) == 0 && ::listen(listening.socket_.get(), kBacklog) == 0;
  if (!ready) return tl::make_unexpected(cannot_listen(path));
  return listening;
}

Result<Descriptor> connect_to(const std::string& path) {
  const auto address = address_of(path);
  if (!address) return tl::make_unexpected(error_from(ENAMETOOLONG, path));
  Descriptor socket = new_socket();
  // A full backlog must not hold a command up for ever: connect waits as long as a write would.
  if (socket.get() >= 0) set_patience(socket, std::chrono::seconds(2));
  if (socket.get() < 0 || ::connect(socket.get(), pointer_to(*address), sizeof(*address)) != 0) {
    return tl::make_unexpected(error_from(errno, path));
  }
  return socket;
}

void set_patience(const Descriptor& socket, std::chrono::milliseconds patience) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(patience);
  const timeval time{.tv_sec = seconds.count(),
                     .tv_usec = std::chrono::microseconds(patience - seconds).count()};
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
    ::setsockopt(socket.get(), SOL_SOCKET, option, &time, sizeof(time));
  }
}

}  // namespace koegura::tools
