// BagWriter: the files of a bag on their way to a stick that may be full, slow, or pulled:
// DIR/NAME.part until all of them are on it, were read back, and are what was written. Then it gets
// its name.
//
//   create (add | add_by | add_copy)* read_back ... finish
//
// What is not finished goes with this object; what a kill leaves has no manifest, and so can never
// be taken for a bag. Errors say which file, and what the disk said. Modes are left to the umask
// and the filesystem: FAT has none.
//
// Threads: one.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "bag_manifest.h"
#include "capture/error.h"

namespace koegura::store {

class BagWriter {
 public:
  // Where there is a bag, or a part of one, of this name, it becomes NAME-2, and so on. kUsage if
  // DIR is no folder.
  [[nodiscard]] static Result<BagWriter> create(const std::string& directory,
                                                const std::string& name);
  BagWriter(BagWriter&& other) noexcept;
  BagWriter& operator=(BagWriter&&) = delete;
  ~BagWriter();

  // Each of these is on the disk when it returns. REQUIRES: a bag path that is not there yet.
  [[nodiscard]] Result<void> add(const std::string& path, std::string_view bytes);
  using WriteTo = std::function<Result<void>(int file)>;
  [[nodiscard]] Result<void> add_by(const std::string& path, const WriteTo& write);
  [[nodiscard]] Result<void> add_copy(const std::string& path, const std::string& from);

  // Everything written since the last time is read again from the disk, as far as the system lets
  // go of it, and compared.
  [[nodiscard]] Result<void> read_back();

  [[nodiscard]] const std::string& name() const { return name_; }
  // Where a file lies until `finish`.
  [[nodiscard]] std::string at(const std::string& path) const { return part_ + "/" + path; }
  // Of all files so far.
  [[nodiscard]] const std::vector<ManifestLine>& lines() const { return lines_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

  // Gives the bag's folder its name, for good. Its path.
  [[nodiscard]] Result<std::string> finish();

 private:
  BagWriter(std::string directory, std::string name);

  std::string directory_;
  std::string name_;
  std::string part_;  // empty: finished, or moved from
  std::vector<std::string> folders_;
  std::vector<ManifestLine> lines_;
  std::size_t read_back_ = 0;  // of them
  std::uint64_t bytes_ = 0;
};

}  // namespace koegura::store
