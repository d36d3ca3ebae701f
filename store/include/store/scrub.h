// Scrub: reads archived calls again, whole, and checks that each is what was archived: every part
// of the file matches its checksum, its audio decodes to the samples the record's hash was taken
// of, its attachments can be read, and index and file tell the same. A disk that forgets is found
// while the call can still be fetched from the last backup. Files that the index does not know are
// not looked for: reindex finds them.
//
// Archive is free-threaded, so a recorder may go on beside it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "store/archive.h"

namespace koegura::store {

struct ScrubOptions {
  std::uint64_t bytes_per_s = 0;  // at most, on average; 0 = as fast as the disk gives
  std::string after;              // go on behind this call's id; empty: from the oldest
  std::uint64_t most_bytes = 0;   // stop once so many were read; 0 = go to the end
  // That read, each a call at a time. What is damaged is told in the calls' order, by the caller's.
  unsigned threads = 1;
  // Knows somebody that the file is, byte for byte, the one archived? Then it is not decoded again.
  // False: nobody knows; an error: it is another. Asked by any of the threads.
  std::function<Result<bool>(const CallRecord& record, const std::string& file)> is_as_archived{};
};

struct ScrubReport {
  std::uint64_t calls = 0;  // read, good ones and bad ones
  std::uint64_t bytes = 0;
  std::uint64_t damaged = 0;
  std::string last;     // id of the last call read
  bool at_end = false;  // every call behind `after` was read
};

// A call whose file is missing, cannot be read, or is not what was archived.
struct Damage {
  std::string id;
  std::string path;  // relative to the archive
  std::string why;
};

// From the oldest call to the newest, past damaged ones; stops early when `stop` is set. Fails only
// if the index cannot be read.
[[nodiscard]] Result<ScrubReport> scrub(const Archive& archive, const ScrubOptions& options,
                                        const std::atomic<bool>& stop,
                                        const std::function<void(const Damage&)>& damaged,
                                        const std::function<void(const ScrubReport&)>& progress);

}  // namespace koegura::store
