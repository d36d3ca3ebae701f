// Window: the part of a byte stream that is in memory. Frames are views into it, so nothing is
// copied per frame; only what is left over at the window's end moves when it is refilled.
#pragma once

#include <memory>

#include "byte_stream.h"

namespace koegura::capture {

class Window {
 public:
  explicit Window(DecodedStream stream);

  // What is in memory and not yet taken.
  [[nodiscard]] Bytes rest() const { return {buffer_.get() + begin_, end_ - begin_}; }
  // REQUIRES: size <= rest().size().
  void take(std::size_t size) { begin_ += size; }

  // Reads until rest() has `size` bytes; false if the stream ends before. Views die.
  [[nodiscard]] Result<bool> fill(std::size_t size);
  // Takes `size` bytes that nobody wants to see; false if the stream ends before. Views die.
  [[nodiscard]] Result<bool> skip(std::size_t size);

  // Of the first byte not taken.
  [[nodiscard]] std::uint64_t offset() const { return buffer_offset_ + begin_; }
  // "offset 24", for messages.
  [[nodiscard]] std::string describe(std::uint64_t offset) const;
  [[nodiscard]] SourceProgress progress() const { return stream_.stream->progress(); }

 private:
  void make_room(std::size_t size);

  DecodedStream stream_;
  std::size_t capacity_;
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t buffer_offset_ = 0;  // of the buffer's first byte in the stream
};

}  // namespace koegura::capture
