// OpenFile: a file that is read and written at offsets, and closed when it goes. Errors say what
// the disk said and which path it was about.
//
// Threads: reading is free-threaded; one thread writes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "capture/error.h"

namespace koegura::store {

class OpenFile {
 public:
  // kNotFound if it is not there.
  [[nodiscard]] static Result<OpenFile> for_reading(const std::string& path);
  // Made (0640) if it is not there. Its name is on disk once its folder was synced.
  [[nodiscard]] static Result<OpenFile> for_writing(const std::string& path);

  OpenFile(OpenFile&& other) noexcept;
  OpenFile& operator=(OpenFile&& other) noexcept;
  ~OpenFile();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] Result<std::uint64_t> size() const;
  // Fewer bytes than asked for only at the file's end.
  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) const;
  [[nodiscard]] Result<void> write_at(std::uint64_t offset, std::string_view bytes);
  [[nodiscard]] Result<void> truncate(std::uint64_t size);
  // What was written, and the size, are on disk.
  [[nodiscard]] Result<void> sync();

 private:
  OpenFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  [[nodiscard]] tl::unexpected<Error> failed(const char* what) const;

  std::string path_;
  int descriptor_;
};

}  // namespace koegura::store
