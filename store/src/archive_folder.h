// ArchiveFolder: DIR itself: its format file, its lock, and where things lie inside.
//
//   open_for_reading | open_for_writing
//
// The writer's lock (flock on DIR/lock) is held as long as the object lives.
#pragma once

#include <memory>
#include <string>

#include "capture/error.h"

namespace koegura::store {

inline constexpr int kArchiveFormat = 1;

class ArchiveFolder {
 public:
  // Nothing is written; the format is checked.
  [[nodiscard]] static Result<ArchiveFolder> open_for_reading(const std::string& directory);
  // Makes what is missing, takes the lock, checks the format. DIR/tmp is left as it is.
  [[nodiscard]] static Result<ArchiveFolder> open_for_writing(const std::string& directory);

  // Takes the lock of an archive that is there, for a matter of milliseconds.
  [[nodiscard]] static Result<ArchiveFolder> open_for_a_moment(const std::string& directory);

  // The same folder with the same lock, which is released once both have gone.
  [[nodiscard]] Result<ArchiveFolder> another() const;

  ArchiveFolder(ArchiveFolder&& other) noexcept;
  ArchiveFolder& operator=(ArchiveFolder&&) = delete;
  ~ArchiveFolder();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string calls() const { return path_ + "/calls"; }
  [[nodiscard]] std::string index() const { return path_ + "/index"; }
  [[nodiscard]] std::string new_index() const { return path_ + "/index.new"; }
  [[nodiscard]] std::string temporary() const { return path_ + "/tmp"; }
  [[nodiscard]] std::string name() const { return "archive " + path_; }  // for messages

  // kNotPermitted to root in somebody else's folder: files of root's would keep the recorder of
  // that user from starting.
  [[nodiscard]] Result<void> check_owner() const;
  // Removes what an interrupted writer left in DIR/tmp. REQUIRES: opened for writing.
  [[nodiscard]] Result<void> empty_temporary() const;
  [[nodiscard]] bool has_calls() const;  // is there anything under DIR/calls?
  [[nodiscard]] bool has_index() const;

 private:
  explicit ArchiveFolder(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] std::string format_file() const { return path_ + "/format"; }
  [[nodiscard]] Result<void> check_format() const;
  [[nodiscard]] Result<void> check_empty() const;
  // The note is for who finds it locked.
  [[nodiscard]] Result<void> lock(const std::string& note);
  [[nodiscard]] Result<void> make_inside() const;

  std::string path_;
  int lock_ = -1;
};

}  // namespace koegura::store
