// ByteStream: bytes in order, from a file, a pipe or memory, decompressed on the way.
// Errors say what happened; who opened the stream puts its name before them.
#pragma once

#include <memory>
#include <string>

#include "capture/error.h"
#include "capture/packet_source.h"

namespace koegura::capture {

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // Fills out from the front and says how far; 0 is the end. REQUIRES: out is not empty.
  [[nodiscard]] virtual Result<std::size_t> read(std::span<std::byte> out) = 0;
  // In bytes of what was opened, before decompression.
  [[nodiscard]] virtual SourceProgress progress() const = 0;
};

// "-" is standard input.
[[nodiscard]] Result<std::unique_ptr<ByteStream>> open_file_stream(const std::string& path);

// REQUIRES: bytes outlives the stream.
[[nodiscard]] std::unique_ptr<ByteStream> make_memory_stream(Bytes bytes);

// The stream itself or, if its first bytes say so, what gzip (RFC 1952) or zstd (RFC 8878) made of
// it.
struct DecodedStream {
  std::unique_ptr<ByteStream> stream;
  bool compressed = false;
};
[[nodiscard]] Result<DecodedStream> decompress_if_needed(std::unique_ptr<ByteStream> raw);

// In gzip_stream.cc and zstd_stream.cc, where the libraries are.
[[nodiscard]] Result<std::unique_ptr<ByteStream>> make_gzip_stream(std::unique_ptr<ByteStream> raw);
[[nodiscard]] Result<std::unique_ptr<ByteStream>> make_zstd_stream(std::unique_ptr<ByteStream> raw);

}  // namespace koegura::capture
