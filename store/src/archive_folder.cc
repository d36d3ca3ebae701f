#include "archive_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "capture/folder_entries.h"
#include "durable_file.h"
#include "store/user_name.h"

namespace koegura::store {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kForAMoment = " for a moment";
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
  if (ready) ready = folder.check_owner();
  if (!ready) return tl::make_unexpected(std::move(ready).error().in(folder.name()));

  // Before anything is written: a newer archive, and a folder of something else, stay untouched.
  const bool is_new = !fs::exists(folder.format_file(), error);
  ready = is_new ? folder.check_empty() : folder.check_format();
  if (!ready) return tl::make_unexpected(std::move(ready).error());
  ready = folder.lock({}).and_then([&] { return folder.make_inside(); });
  if (!ready) return tl::make_unexpected(std::move(ready).error().in(folder.name()));
  return folder;
}

Result<ArchiveFolder> ArchiveFolder::open_for_a_moment(const std::string& directory) {
  Result<ArchiveFolder> folder = open_for_reading(directory);
  if (!folder) return folder;
  Result<void> ready = folder->check_owner();
  if (ready) ready = folder->lock(std::string(kForAMoment));
  if (!ready) return tl::make_unexpected(std::move(ready).error().in(folder->name()));
  return folder;
}

Result<ArchiveFolder> ArchiveFolder::another() const {
  ArchiveFolder same(path_);
  if (lock_ < 0) return same;
  same.lock_ = ::fcntl(lock_, F_DUPFD_CLOEXEC, 0);
  if (same.lock_ < 0) return tl::make_unexpected(error_from_errno(name() + ": its lock", errno));
  return same;
}

Result<void> ArchiveFolder::check_owner() const {
  struct stat folder {};
  const bool is_known = ::stat(path_.c_str(), &folder) == 0;
  if (::geteuid() != 0 || !is_known || folder.st_uid == 0) return {};
  const std::string owner = user_name(folder.st_uid);
  const bool is_named = owner.find(' ') == std::string::npos;
  return failure("it is " + owner +
                     "'s, who could not read what root writes into it: run `sudo -u " +
                     (is_named ? owner : "#" + std::to_string(folder.st_uid)) +
                     " koegura ...`, or ask its recorder while it runs",
                 ErrorKind::kNotPermitted);
}

Result<void> ArchiveFolder::check_empty() const {
  std::string found;
  const auto error = capture::for_each_entry(path_, [&](const fs::directory_entry& entry) {
    const std::string inside = entry.path().filename();
    if (!is_allowed_before(inside)) found = inside;
  });
  if (error) return failure(name() + ": " + error.message());
  if (found.empty()) return {};
  return failure(name() + ": not an archive, and not empty (it holds " + found +
                 "): choose an empty folder, or one that is not there yet");
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

namespace {

std::string note_in(int file) {
  std::array<char, 32> note{};
  const ssize_t size = ::pread(file, note.data(), note.size(), 0);
  return {note.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

// Waits for those who have it for a moment, and for nobody else. Who has just taken it has not said
// yet which of the two it is. False, with errno, if it cannot be had.
bool take_lock(int file) {
  using Clock = std::chrono::steady_clock;
  constexpr auto kLook = std::chrono::milliseconds(5);
  constexpr auto kUnknown = std::chrono::milliseconds(200);
  constexpr auto kMost = std::chrono::seconds(10);
  const auto begun = Clock::now();
  auto was_brief = begun;
  while (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return false;
    const auto now = Clock::now();
    if (note_in(file).ends_with(kForAMoment)) was_brief = now;
    if (now - was_brief > kUnknown || now - begun > kMost) {
      errno = EWOULDBLOCK;
      return false;
    }
    std::this_thread::sleep_for(kLook);
  }
  return true;
}

}  // namespace

Result<void> ArchiveFolder::lock(const std::string& note) {
  const std::string path = path_ + "/lock";
  lock_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (lock_ < 0) return tl::make_unexpected(error_from_errno("opening " + path, errno));
  if (!take_lock(lock_)) {
    if (errno != EWOULDBLOCK)
      return tl::make_unexpected(error_from_errno("locking " + path, errno));
    const std::string process = note_in(lock_);
    return failure("locked by another process" + (process.empty() ? "" : " (" + process + ")") +
                   ": one writer at a time; stop it first");
  }
  // Only for the message above and who waits: who fails to leave a note still holds the lock.
  const std::string process = std::to_string(::getpid()) + note;
  const ssize_t written = ::pwrite(lock_, process.data(), process.size(), 0);
  if (written >= 0) (void)!::ftruncate(lock_, written);
  return {};
}

Result<void> ArchiveFolder::empty_temporary() const {
  std::error_code refused;
  std::error_code error =
      capture::for_each_entry(temporary(), [&](const fs::directory_entry& entry) {
        if (!refused) fs::remove_all(entry.path(), refused);
      });
  if (!error) error = refused;
  if (error) return failure(name() + ": emptying " + temporary() + ": " + error.message());
  return {};
}

bool ArchiveFolder::has_calls() const {
  std::error_code error;
  return fs::directory_iterator(calls(), error) != fs::directory_iterator();
}

bool ArchiveFolder::has_index() const {
  std::error_code error;
  return fs::exists(index() + "/CURRENT", error) || error;  // what cannot be seen is not gone
}

}  // namespace koegura::store
