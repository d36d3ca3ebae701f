// OutputFile: a file being written, that vanishes again unless it was kept: a failed run leaves
// nothing half-written behind.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "capture/error.h"

namespace koegura::traffic {

class OutputFile {
 public:
  // "-" is standard output, which is never removed. Errors name the path.
  [[nodiscard]] static Result<std::unique_ptr<OutputFile>> open(const std::string& path);
  ~OutputFile();  // closes; removes the file unless it is to be kept
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  [[nodiscard]] Result<void> write(std::span<const std::byte> bytes);
  // All is written.
  [[nodiscard]] Result<void> close();
  // The file stays. REQUIRES: close() succeeded.
  void keep() { kept_ = true; }

 private:
  OutputFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  [[nodiscard]] bool is_standard_output() const { return path_ == "-"; }
  [[nodiscard]] tl::unexpected<Error> cannot_write(int error) const;

  std::string path_;
  int descriptor_;  // -1 once closed
  bool kept_ = false;
};

}  // namespace koegura::traffic
