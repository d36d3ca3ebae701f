#include "recorder_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "file_output.h"
#include "json.h"

namespace koegura::tools {

namespace {

std::string recorder_path(const std::string& directory) {
  return directory + "/recorder.json";
}

}  // namespace

Result<void> set_folder(RecorderFile& file, const std::string& directory) {
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0) {
    const auto kind = errno == EACCES ? ErrorKind::kNotPermitted : ErrorKind::kFailed;
    return failure(directory + ": " + std::strerror(errno), kind);
  }
  file.set_device(status.st_dev);
  file.set_inode(status.st_ino);
  return {};
}

Result<void> write_recorder_file(const std::string& directory, const std::string& socket_path) {
  RecorderFile file;
  file.set_pid(getpid());
  std::error_code ignored;  // commands run in other folders
  file.set_socket(std::filesystem::absolute(socket_path, ignored).lexically_normal());
  set_time(*file.mutable_started(), std::chrono::system_clock::now());
  if (auto known = set_folder(file, directory); !known) return known;
  return write_file(recorder_path(directory), json_of(file) + '\n');
}

void remove_recorder_file(const std::string& directory) {
  const auto file = read_recorder_file(directory);
  if (file && file->pid() == getpid()) unlink(recorder_path(directory).c_str());
}

Result<RecorderFile> read_recorder_file(const std::string& directory) {
  const std::string path = recorder_path(directory);
  auto json = read_file(path);
  if (!json) {
    if (access(path.c_str(), R_OK) != 0 && errno == EACCES) {
      json.error().kind = ErrorKind::kNotPermitted;
    }
    return tl::make_unexpected(std::move(json.error()));
  }
  RecorderFile file;
  if (auto parsed = parse_json(*json, file); !parsed) {
    return tl::make_unexpected(std::move(parsed.error()).in(path));
  }
  return file;
}

}  // namespace koegura::tools
