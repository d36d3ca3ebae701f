// fault_disk: preloaded into the recorder, it stands between it and its disk: it makes chosen calls
// fail, and writes down every change of the disk in the order in which it was asked for.
//
//   FAULT_DISK_FOLDER   only what lies below this folder (an absolute path) is touched
//   FAULT_DISK_FAIL     KINDS:FIRST[-LAST|+]:WHAT, as in "write:7:ENOSPC", "sync,rename:3+:EIO"
//   FAULT_DISK_WHILE    calls fail only while this file exists
//   FAULT_DISK_COUNTS   where the number of calls of each kind is written when the program ends
//   FAULT_DISK_LOG      every change is appended here; disk_log.py reads it
//
// KINDS  "any", or of Kind's names. The calls of all named kinds are counted together, from 1.
// WHAT   an error's name; "short": a write that takes half; "delay500": half a second late;
//        "kill": the process dies before the call.
//
// A call and its line in the log are one step: nothing of another thread comes between them. A sync
// has two lines, as other threads may write while it runs: what was written before the first is on
// disk after the second. The real calls are made by syscall(2), so that nothing has to be set up
// before the first one. What the C library writes by itself (fwrite) is not seen: of what the
// recorder writes that is RocksDB's own log of what it does, and nothing else.
#pragma once

#include <sys/uio.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace fault {

enum Kind : unsigned {
  kOpen,  // for writing, or of a new file
  kRead,
  kWrite,
  kSync,
  kRename,  // and link
  kUnlink,  // and rmdir
  kMkdir,
  kTruncate,
  kAllocate,
  kKinds
};

// The log's lines, as disk_log.py knows them.
enum class Op : std::uint8_t {
  kStart = 1,
  kOpen,
  kClose,
  kWrite,
  kSyncBegin,
  kSyncEnd,
  kRename,
  kUnlink,
  kMkdir,
  kRmdir,
  kTruncate,
  kAllocate,
  kLink
};

struct [[gnu::packed]] Line {
  Op op{};
  std::int32_t fd = -1;
  std::int32_t flags = 0;
  std::uint64_t offset = 0;
  std::uint64_t time_ns = 0;
  std::uint32_t first_size = 0;   // a path or data follows,
  std::uint32_t second_size = 0;  // and another path
};

// What FAULT_DISK_FAIL asks for.
class Rule {
 public:
  Rule();
  // Counts a call, and ends the process or waits if it is its turn. 0: it goes on, kShort: with
  // half of its bytes, else the error it ends with.
  int apply(Kind kind, std::mutex& mutex);
  static constexpr int kShort = -1;

 private:
  void read_kinds(std::string_view names);
  void read_range(const std::string& range);
  void read_what(const std::string& what);

  std::array<bool, kKinds> kinds_{};
  std::uint64_t from_ = 0;
  std::uint64_t to_ = 0;
  std::string while_;
  int error_ = 0;
  long delay_ms_ = 0;
  bool kills_ = false;
  std::uint64_t calls_ = 0;
};

class Disk {
 public:
  static Disk& get();

  // The path as a whole; empty if it is none of ours.
  [[nodiscard]] std::string ours(int directory, const char* path) const;
  [[nodiscard]] bool is_ours(int fd) const;
  void follow(int fd, bool follows);

  // As Rule::apply. REQUIRES: the mutex is not held.
  int judge(Kind kind);

  // Held while a call is made and noted.
  [[nodiscard]] std::mutex& mutex() { return mutex_; }
  struct Parts {
    const iovec* parts;
    int count;
  };
  void note(Line line, Parts data, std::string_view second = {}) const;
  void note(Line line, std::string_view first = {}, std::string_view second = {}) const;

  void write_counts();

 private:
  Disk();

  static constexpr int kHighest = 4096;  // descriptors from there on are not followed

  std::string folder_;
  int log_ = -1;
  std::array<std::atomic<bool>, kHighest> files_{};
  std::mutex mutex_;
  Rule rule_;
  std::array<std::uint64_t, kKinds> counts_{};
};

}  // namespace fault
