// EncodedFlac: the FLAC frames of one call, in memory while they are few, in an unnamed file
// beyond, so that memory does not grow with the call's length.
//
//   append* finish → any number of FlacFrameReaders
//
// Threads: one at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "capture/error.h"
#include "capture/frame.h"

namespace koegura::decode {

// METADATA_BLOCK_STREAMINFO without its header (FLAC format, https://xiph.org/flac/format.html).
using FlacStreamInfo = std::array<std::byte, 34>;

struct FlacFrame {
  std::uint32_t samples = 0;  // per channel
  capture::Bytes bytes;       // a whole frame; lives until the reader's next call
};

class EncodedFlac {
 public:
  // Holds up to memory_limit bytes, then opens a file in temporary_directory that has no name and
  // goes with this object.
  EncodedFlac(std::string temporary_directory, std::uint32_t memory_limit);
  EncodedFlac(const EncodedFlac&) = delete;
  EncodedFlac& operator=(const EncodedFlac&) = delete;
  ~EncodedFlac();

  // An error (the file cannot be made or written) stays: later calls return it again.
  [[nodiscard]] Result<void> append(std::uint32_t samples, capture::Bytes frame);
  void finish(const FlacStreamInfo& info) { stream_info_ = info; }

  [[nodiscard]] const FlacStreamInfo& stream_info() const { return stream_info_; }
  [[nodiscard]] std::uint64_t bytes() const { return in_file_ + in_memory_; }

 private:
  friend class FlacFrameReader;
  // Room for whole records. Chunks, because one growing block would be copied as often as it grows.
  struct Chunk {
    std::unique_ptr<std::byte[]> data;
    std::size_t used = 0;
    std::size_t capacity = 0;
  };
  [[nodiscard]] std::byte* make_room(std::size_t bytes);
  [[nodiscard]] Result<void> spill();
  [[nodiscard]] Result<void> open_file();

  std::string directory_;
  std::size_t memory_limit_;
  std::vector<Chunk> chunks_;  // what is not in the file yet
  std::size_t in_memory_ = 0;
  int file_ = -1;
  std::uint64_t in_file_ = 0;
  Error failed_;  // message empty unless something did
  FlacStreamInfo stream_info_{};
};

// Reads the frames back in order. REQUIRES: flac outlives the reader and is not appended to.
class FlacFrameReader {
 public:
  explicit FlacFrameReader(const EncodedFlac& flac) : flac_(flac) {}
  // False at the end.
  [[nodiscard]] Result<bool> next(FlacFrame& frame);

 private:
  // The next record's first bytes, wherever they are. Null: the file cannot be read.
  [[nodiscard]] const std::byte* peek(std::size_t bytes);
  [[nodiscard]] const std::byte* peek_in_file(std::size_t bytes);

  const EncodedFlac& flac_;
  std::uint64_t position_ = 0;
  std::vector<std::byte> buffer_;  // a part of the file
  std::uint64_t buffer_from_ = 0;
  std::size_t chunk_ = 0;  // beyond the file
  std::size_t chunk_position_ = 0;
};

}  // namespace koegura::decode
