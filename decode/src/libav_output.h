// LibavOutput: an open file descriptor as libavformat's output. Remembers the first write error,
// which libavformat forgets on its way up.
#pragma once

#include <memory>
#include <string>

#include "capture/error.h"

struct AVIOContext;
struct AVFormatContext;

namespace koegura::decode {

enum class Seekable : bool { kNo, kYes };

class LibavOutput {
 public:
  // Does not own fd.
  LibavOutput(int fd, Seekable seekable);
  LibavOutput(const LibavOutput&) = delete;
  LibavOutput& operator=(const LibavOutput&) = delete;
  ~LibavOutput();

  [[nodiscard]] AVIOContext* context() { return context_; }
  // What libavformat returned, with the cause from the file where there is one.
  [[nodiscard]] Result<void> check(int libav_result, const char* doing) const;

 private:
  static int write(void* self, std::uint8_t* data, int bytes);
  static std::int64_t seek(void* self, std::int64_t offset, int whence);

  int fd_;
  int error_ = 0;  // errno of the first failed write
  AVIOContext* context_ = nullptr;
};

// A muxer of libavformat, closed with its holder (its output is not).
struct MuxerFree {
  void operator()(AVFormatContext* muxer) const;
};
using Muxer = std::unique_ptr<AVFormatContext, MuxerFree>;

// The same input gives the same bytes: no random ids, no library versions. Null: no memory, or this
// libavformat lacks the format.
[[nodiscard]] Muxer open_muxer(const char* format, LibavOutput& output);

[[nodiscard]] std::string libav_message(int libav_result);

// Writes everything or says why not.
[[nodiscard]] Result<void> write_all(int fd, const void* data, std::size_t bytes);

}  // namespace koegura::decode
