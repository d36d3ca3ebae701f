#include "fault_disk.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <vector>

namespace fault {

namespace {

constexpr std::array<std::string_view, kKinds> kKindNames = {
    "open", "read", "write", "sync", "rename", "unlink", "mkdir", "truncate", "allocate"};

struct ErrorName {
  std::string_view name;
  int number;
};
constexpr std::array<ErrorName, 6> kErrors = {{{"ENOSPC", ENOSPC},
                                               {"EIO", EIO},
                                               {"EROFS", EROFS},
                                               {"EDQUOT", EDQUOT},
                                               {"EMFILE", EMFILE},
                                               {"EACCES", EACCES}}};

// Out of the way of those who count descriptors, and below the usual limit of 1,024.
constexpr int kLogDescriptor = 1000;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string folder_of(int directory) {
  std::array<char, 4096> target{};
  const std::string link =
      directory == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/" + std::to_string(directory);
  const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
  return {target.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
}

}  // namespace

Rule::Rule() : while_(environment("FAULT_DISK_WHILE")) {
  const std::string text = environment("FAULT_DISK_FAIL");
  if (text.empty()) return;
  const std::size_t first = text.find(':');
  const std::size_t second = text.find(':', first + 1);
  if (first == std::string::npos || second == std::string::npos) std::abort();
  read_kinds(text.substr(0, first));
  read_range(text.substr(first + 1, second - first - 1));
  read_what(text.substr(second + 1));
}

int Rule::apply(Kind kind, std::mutex& mutex) {
  {
    const std::lock_guard lock(mutex);
    if (!kinds_[kind]) return 0;
    ++calls_;
    if (calls_ < from_ || calls_ > to_) return 0;
    if (!while_.empty() && ::syscall(SYS_access, while_.c_str(), F_OK) != 0) return 0;
    if (kills_) ::kill(::getpid(), SIGKILL);
  }
  if (delay_ms_ != 0) {
    const timespec delay{.tv_sec = delay_ms_ / 1000, .tv_nsec = delay_ms_ % 1000 * 1'000'000};
    ::nanosleep(&delay, nullptr);
  }
  return error_;
}

void Rule::read_kinds(std::string_view names) {
  for (unsigned kind = 0; kind < kKinds; ++kind) {
    const bool is_named = names.find(kKindNames[kind]) != std::string_view::npos;
    kinds_[kind] = is_named || (names == "any" && kind != kRead);
  }
}

void Rule::read_range(const std::string& range) {
  char* rest = nullptr;
  from_ = to_ = std::strtoull(range.c_str(), &rest, 10);
  if (*rest == '+') to_ = UINT64_MAX;
  if (*rest == '-') to_ = std::strtoull(rest + 1, nullptr, 10);
}

void Rule::read_what(const std::string& what) {
  kills_ = what == "kill";
  if (what == "short") error_ = kShort;
  if (what.starts_with("delay")) delay_ms_ = std::atol(what.c_str() + 5);
  for (const ErrorName& error : kErrors) {
    if (what == error.name) error_ = error.number;
  }
  if (!kills_ && delay_ms_ == 0 && error_ == 0) std::abort();
}

Disk& Disk::get() {
  static Disk* disk = new Disk;  // never destroyed: others close their files after us
  return *disk;
}

Disk::Disk() : folder_(environment("FAULT_DISK_FOLDER")) {
  while (folder_.size() > 1 && folder_.back() == '/') folder_.pop_back();
  const std::string log = environment("FAULT_DISK_LOG");
  if (folder_.empty() || log.empty()) return;
  const auto file = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, log.c_str(),
                                               O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  log_ = ::fcntl(file, F_DUPFD_CLOEXEC, kLogDescriptor);
  ::syscall(SYS_close, file);
  if (log_ < 0) std::abort();
  note({.op = Op::kStart}, folder_);
}

std::string Disk::ours(int directory, const char* path) const {
  if (folder_.empty() || path == nullptr) return "";
  std::string whole = path;
  if (*path != '/') whole = folder_of(directory) + "/" + path;
  whole = std::filesystem::path(whole).lexically_normal().string();
  if (whole.size() > 1 && whole.back() == '/') whole.pop_back();
  const bool is_below = whole.compare(0, folder_.size(), folder_) == 0 &&
                        (whole.size() == folder_.size() || whole[folder_.size()] == '/');
  return is_below ? whole : "";
}

bool Disk::is_ours(int fd) const {
  return fd >= 0 && fd < kHighest && files_[static_cast<std::size_t>(fd)];
}

void Disk::follow(int fd, bool follows) {
  if (fd >= 0 && fd < kHighest) files_[static_cast<std::size_t>(fd)] = follows;
}

int Disk::judge(Kind kind) {
  {
    const std::lock_guard lock(mutex_);
    ++counts_[kind];
  }
  return rule_.apply(kind, mutex_);
}

void Disk::note(Line line, Parts data, std::string_view second) const {
  if (log_ < 0) return;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  line.time_ns = static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U +
                 static_cast<std::uint64_t>(now.tv_nsec);
  std::vector<iovec> parts(1);
  for (int i = 0; i < data.count; ++i) {
    parts.push_back(data.parts[i]);
    line.first_size += static_cast<std::uint32_t>(data.parts[i].iov_len);
  }
  line.second_size = static_cast<std::uint32_t>(second.size());
  parts.front() = {.iov_base = &line, .iov_len = sizeof line};
  parts.push_back({.iov_base = const_cast<char*>(second.data()), .iov_len = second.size()});
  const std::size_t size = sizeof line + line.first_size + line.second_size;
  const long written = ::syscall(SYS_writev, log_, parts.data(), parts.size());
  if (written != static_cast<long>(size)) std::abort();  // a log with a hole proves nothing
}

void Disk::note(Line line, std::string_view first, std::string_view second) const {
  const iovec part{.iov_base = const_cast<char*>(first.data()), .iov_len = first.size()};
  note(line, {&part, 1}, second);
}

void Disk::write_counts() {
  const std::string path = environment("FAULT_DISK_COUNTS");
  if (folder_.empty() || path.empty()) return;
  std::string text;
  for (unsigned kind = 0; kind < kKinds; ++kind) {
    text += std::string(kKindNames[kind]) + " " + std::to_string(counts_[kind]) + "\n";
  }
  const long file =
      ::syscall(SYS_openat, AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  ::syscall(SYS_write, file, text.data(), text.size());
  ::syscall(SYS_close, file);
}

}  // namespace fault
