#include "archive_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "durable_file.h"

namespace koegura::store {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormatPrefix = "koegura archive ";

// What may lie in a folder that is to become an archive: the recorder's spool, what a first opening
// that was cut short leaves, and what mkfs leaves.
constexpr std::array<std::string_view, 4> kAllowedBefore{"spool", "lock", "tmp", "lost+found"};

std::string without_trailing_slashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

bool is_allowed_before(const std::string& name) {
  for (const std::string_view allowed : kAllowedBefore) {
    if (name == allowed) return true;
  }
  return false;
}

}  // namespace

ArchiveFolder::ArchiveFolder(ArchiveFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

ArchiveFolder::~ArchiveFolder() {
  if (lock_ >= 0) ::close(lock_);  // and so unlocks
}

Result<ArchiveFolder> ArchiveFolder::open_for_reading(const std::string& directory) {
  ArchiveFolder folder(without_trailing_slashes(directory));
  std::error_code error;
  const fs::file_status status = fs::status(folder.path_, error);
  if (status.type() == fs::file_type::not_found) {
    return failure("there is no " + folder.name() + ": `koegura record --archive " + folder.path_ +
                   "` makes one");
  }
  if (error) return failure(folder.name() + ": " + error.message(), ErrorKind::kNotPermitted);
  if (status.type() != fs::file_type::directory) return failure(folder.name() + ": not a folder");
  if (Result<void> format = folder.check_format(); !format) {
    return tl::make_unexpected(std::move(format).error());
  }
  return folder;
}

Result<ArchiveFolder> ArchiveFolder::open_for_writing(const std::string& directory) {
  ArchiveFolder folder(without_trailing_slashes(directory));
  std::error_code error;
  if (fs::exists(folder.path_, error) && !fs::is_directory(folder.path_, error)) {
    return failure(folder.name() + ": not a folder");
  }
  Result<void> ready = make_folders(folder.path_, /*sync=*/true);
  if (ready && ::access(folder.path_.c_str(), W_OK | X_OK) != 0) {
    ready = tl::make_unexpected(error_from_errno("not writable", errno));
  }
  if (!ready) return tl::make_unexpected(std::move(ready).error().in(folder.name()));

  // Before anything is written: a newer archive, and a folder of something else, stay untouched.
  const bool is_new = !fs::exists(folder.format_file(), error);
  ready = is_new ? folder.check_empty() : folder.check_format();
  if (!ready) return tl::make_unexpected(std::move(ready).error());
  ready = folder.lock().and_then([&] { return folder.make_inside(); });
  if (!ready) return tl::make_unexpected(std::move(ready).error().in(folder.name()));
  return folder;
}

Result<void> ArchiveFolder::check_empty() const {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path_, error)) {
    const std::string found = entry.path().filename();
    if (is_allowed_before(found)) continue;
    return failure(name() + ": not an archive, and not empty (it holds " + found +
                   "): choose an empty folder, or one that is not there yet");
  }
  if (error) return failure(name() + ": " + error.message());
  return {};
}

Result<void> ArchiveFolder::make_inside() const {
  Result<void> made = make_folders(temporary(), /*sync=*/false);
  std::error_code error;
  if (made && !fs::exists(format_file(), error)) {
    const std::string written = temporary() + "/format";
    made = write_file(written, std::string(kFormatPrefix) + std::to_string(kArchiveFormat) + "\n")
               .and_then([&] { return move_into_place(written, format_file(), /*sync=*/true); });
  }
  return made.and_then([&] { return make_folders(calls(), /*sync=*/true); });
}

Result<void> ArchiveFolder::check_format() const {
  std::error_code error;
  if (!fs::exists(format_file(), error) && !error) {
    return failure(name() +
                   ": not an archive (it has no file `format`): `koegura record --archive DIR` "
                   "makes one in an empty folder");
  }
  Result<std::string> content = read_file(format_file());
  if (!content) return tl::make_unexpected(std::move(content).error().in(name()));
  int format = 0;
  const bool has_prefix = content->starts_with(kFormatPrefix);
  if (has_prefix) {
    std::from_chars(content->data() + kFormatPrefix.size(), content->data() + content->size(),
                    format);
  }
  if (format <= 0) return failure(name() + ": not an archive: its file `format` cannot be read");
  if (format > kArchiveFormat) {
    return failure(name() + " has format " + std::to_string(format) +
                   ", this program reads up to " + std::to_string(kArchiveFormat) +
                   ": upgrade koegura");
  }
  return {};
}

Result<void> ArchiveFolder::lock() {
  const std::string path = path_ + "/lock";
  lock_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (lock_ < 0) return tl::make_unexpected(error_from_errno("opening " + path, errno));
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK)
      return tl::make_unexpected(error_from_errno("locking " + path, errno));
    std::array<char, 16> owner{};
    const ssize_t size = ::read(lock_, owner.data(), owner.size());
    const std::string process(owner.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    return failure("locked by another process" + (process.empty() ? "" : " (" + process + ")") +
                   ": one writer at a time; stop it first");
  }
  // Only for the message above: who fails to leave a note still holds the lock.
  const std::string process = std::to_string(::getpid());
  if (::ftruncate(lock_, 0) == 0) (void)!::pwrite(lock_, process.data(), process.size(), 0);
  return {};
}

Result<void> ArchiveFolder::empty_temporary() const {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(temporary(), error)) {
    fs::remove_all(entry.path(), error);
    if (error) break;
  }
  if (error) return failure(name() + ": emptying " + temporary() + ": " + error.message());
  return {};
}

bool ArchiveFolder::has_calls() const {
  std::error_code error;
  return fs::directory_iterator(calls(), error) != fs::directory_iterator();
}

bool ArchiveFolder::has_index() const {
  std::error_code error;
  return fs::exists(index() + "/CURRENT", error);
}

}  // namespace koegura::store
