// An archive whose index is damaged when its recorder opens it, and a rebuild that a test can hold
// still: at a call file that is a pipe nobody writes to.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "../wait_until.h"
#include "archive_with_ledger.h"
#include "store/rebuilding_archive.h"
#include "temporary_folder.h"

namespace koegura::store {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using test::wait_until;

constexpr std::uint64_t kCalls = 12;

// Of each opening the calls become a table of the index; those of the last one are in its log.
inline void fill(const std::string& directory) {
  for (int table = 0; table < 3; ++table) {
    const auto archive = open(directory);
    for (int i = 0; i < 4; ++i) REQUIRE(archive->put(numbered(4 * table + i)));
  }
}

inline std::string index_file(const std::string& directory, const std::string& part) {
  for (const std::string& file : files_below(directory + "/index")) {
    if (file.find(part) != std::string::npos) return directory + "/index/" + file;
  }
  CAPTURE(part);
  FAIL("the index has no such file");
  return {};
}

inline void flip(const std::string& path, std::size_t at) {
  std::string content = content_of(path);
  content[at] = static_cast<char>(content[at] ^ 0x24);
  write_content(path, content);
}
inline void truncate(const std::string& path) {
  fs::resize_file(path, fs::file_size(path) / 2);
}
inline void damage_table(const std::string& directory) {
  truncate(index_file(directory, ".sst"));
}

inline std::vector<std::string> records_of(const Archive& archive) {
  std::vector<std::string> records;
  const auto read = archive.query({}, [&](const CallRecord& record) {
    records.push_back(record.SerializeAsString());
    return true;
  });
  if (!read) FAIL(read.error().message);
  return records;
}

// Filled, and a table of its index cut.
struct DamagedArchive {
  TemporaryFolder folder;
  const std::string directory = folder / "archive";
  std::vector<std::string> before;  // its records

  DamagedArchive() {
    fill(directory);
    before = records_of(*open(directory, OpenMode::kRead));
    damage_table(directory);
  }
};

// A call file of which nothing comes: whoever reads it waits until release.
class SlowFile {
 public:
  // The files are read in order of their names.
  SlowFile(const std::string& archive, const std::string& where)
      : path_(archive + "/calls/" + where + "_01ARZ3NDEKTSV4RRFFQ69G5FAV.mka") {
    REQUIRE(::mkfifo(path_.c_str(), 0600) == 0);
  }
  SlowFile(const SlowFile&) = delete;
  SlowFile& operator=(const SlowFile&) = delete;
  ~SlowFile() { release(); }
  // Until somebody reads it.
  void wait_for_reader() {
    wait_until([&] { return (writer_ = ::open(path_.c_str(), O_WRONLY | O_NONBLOCK)) >= 0; });
  }
  void release() {
    fs::remove(path_);
    if (writer_ >= 0) ::close(writer_);
    writer_ = -1;
  }

 private:
  std::string path_;
  int writer_ = -1;
};

// What a recorder hears of a rebuild.
class Heard {
 public:
  RebuildOptions options() {
    return {.retry_after = milliseconds(5),
            .problem =
                [this](const std::string& path, const Error&) {
                  const std::lock_guard lock(mutex_);
                  problems_.push_back(path);
                },
            .refused =
                [this](const Error& why) {
                  const std::lock_guard lock(mutex_);
                  refusals_.push_back(why.message);
                },
            .done =
                [this](const ReindexReport& report) {
                  const std::lock_guard lock(mutex_);
                  report_ = report;
                }};
  }
  std::vector<std::string> problems() {
    const std::lock_guard lock(mutex_);
    return problems_;
  }
  std::vector<std::string> refusals() {
    const std::lock_guard lock(mutex_);
    return refusals_;
  }
  ReindexReport wait_for_report() {
    wait_until([&] {
      const std::lock_guard lock(mutex_);
      return report_.has_value();
    });
    return *report_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> problems_;
  std::vector<std::string> refusals_;
  std::optional<ReindexReport> report_;
};

inline std::unique_ptr<Archive> open_anyway(const std::string& directory, Heard& heard,
                                            const ArchiveOptions& options = {}) {
  auto archive = open_or_rebuild(directory, options, heard.options());
  if (!archive) FAIL(archive.error().message);
  return std::move(*archive);
}

}  // namespace koegura::store
