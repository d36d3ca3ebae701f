// FileOutput: a new file that is whole or not there: written under another name, then renamed.
#pragma once

#include <string>
#include <string_view>

#include "capture/error.h"

namespace koegura::tools {

//   create fd* commit       without commit the destructor removes what was written
class FileOutput {
 public:
  // Refuses an existing file (kUsage) unless `replace`. "-" is standard output, which cannot be
  // taken back; refused (kUsage) where that is a terminal.
  [[nodiscard]] static Result<FileOutput> create(const std::string& path, bool replace);
  FileOutput(FileOutput&& other) noexcept;
  FileOutput& operator=(FileOutput&&) = delete;
  ~FileOutput();

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] Result<void> write(std::string_view bytes);
  [[nodiscard]] Result<void> commit();

 private:
  FileOutput(std::string path, std::string temporary, int fd);

  std::string path_;
  std::string temporary_;  // empty: no regular file, or committed
  int fd_;
};

// The whole of a small file, replaced in one step (0640).
[[nodiscard]] Result<void> write_file(const std::string& path, std::string_view bytes);
// kNotFound if it does not exist.
[[nodiscard]] Result<std::string> read_file(const std::string& path);

}  // namespace koegura::tools
