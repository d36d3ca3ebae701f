#include "released_runs.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "wire.h"

namespace koegura::capture {
namespace {

constexpr std::string_view kMagic = "koegura released 1\n";
constexpr std::size_t kBatchHeader = 8;
constexpr std::size_t kRunSize = 12;

const std::byte* bytes_of(std::string_view text) {
  return reinterpret_cast<const std::byte*>(text.data());
}

std::uint32_t checksum(std::string_view runs) {
  return static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(runs.data()), static_cast<uInt>(runs.size())));
}

void put32(std::string& out, std::uint32_t value) {
  for (unsigned shift = 0; shift < 32; shift += 8) {
    out.push_back(static_cast<char>(value >> shift & 0xFFU));
  }
}

std::string batch_of(std::span<const ReleasedRun> runs) {
  std::string body;
  body.reserve(runs.size() * kRunSize);
  for (const ReleasedRun& run : runs) {
    put32(body, run.segment);
    put32(body, run.offset);
    put32(body, run.length);
  }
  std::string batch;
  put32(batch, static_cast<std::uint32_t>(runs.size()));
  put32(batch, checksum(body));
  return batch + body;
}

// In order, and neighbours in one.
void tidy(std::vector<ByteRange>& ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const ByteRange& a, const ByteRange& b) { return a.from < b.from; });
  std::vector<ByteRange> tidied;
  for (const ByteRange& range : ranges) {
    if (tidied.empty() || tidied.back().to < range.from) {
      tidied.push_back(range);
    } else {
      tidied.back().to = std::max(tidied.back().to, range.to);
    }
  }
  ranges = std::move(tidied);
}

tl::unexpected<Error> failed(const std::string& path, const char* what) {
  return failure("spool " + path + ": " + what + ": " + std::generic_category().message(errno));
}

class Descriptor {
 public:
  explicit Descriptor(int file) : file_(file) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    const int error = errno;  // of what failed before
    if (file_ >= 0) ::close(file_);
    errno = error;
  }
  [[nodiscard]] int get() const { return file_; }
  [[nodiscard]] int take() { return std::exchange(file_, -1); }

 private:
  int file_;
};

bool write_all(int file, std::string_view content, std::uint64_t offset) {
  while (!content.empty()) {
    const ssize_t written =
        ::pwrite(file, content.data(), content.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    offset += static_cast<std::uint64_t>(written);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

ReleasedRanges read_released(std::string_view file) {
  ReleasedRanges ranges;
  if (!file.starts_with(kMagic)) return ranges;
  file.remove_prefix(kMagic.size());
  while (file.size() >= kBatchHeader) {
    const std::size_t count = load_le32(bytes_of(file));
    const std::uint32_t crc = load_le32(bytes_of(file) + 4);
    file.remove_prefix(kBatchHeader);
    if (count > file.size() / kRunSize) break;
    std::string_view runs = file.substr(0, count * kRunSize);
    if (checksum(runs) != crc) break;
    file.remove_prefix(runs.size());
    for (; !runs.empty(); runs.remove_prefix(kRunSize)) {
      const std::byte* const at = bytes_of(runs);
      const std::uint32_t from = load_le32(at + 4);
      const std::uint32_t to = from + load_le32(at + 8);
      if (to > from) ranges[load_le32(at)].push_back({from, to});
    }
  }
  for (auto& [segment, of_segment] : ranges) tidy(of_segment);
  return ranges;
}

ReleasedRuns::ReleasedRuns(const std::string& directory) : path_(directory + "/released") {}

ReleasedRuns::~ReleasedRuns() {
  if (file_ >= 0) ::close(file_);
}

Result<ReleasedRanges> ReleasedRuns::read() const {
  std::error_code error;
  if (!std::filesystem::exists(path_, error)) return ReleasedRanges();
  const std::uintmax_t size = std::filesystem::file_size(path_, error);
  if (error) return failure("spool " + path_ + ": cannot be read: " + error.message());
  std::string content(size, '\0');
  // Not by iterators over its buffer: they throw what the disk refuses.
  std::ifstream file(path_, std::ios::binary);
  if (!file.read(content.data(), static_cast<std::streamsize>(size))) {
    return failed(path_, "cannot be read");
  }
  return read_released(content);
}

// Segments of which nothing is said any more must be gone for good before: the folder is synced
// first, and then again with the new file in it.
Result<void> ReleasedRuns::rewrite(const ReleasedRanges& ranges) {
  std::vector<ReleasedRun> runs;
  for (const auto& [segment, of_segment] : ranges) {
    for (const ByteRange& range : of_segment) {
      runs.push_back({.segment = segment, .offset = range.from, .length = range.to - range.from});
    }
  }
  const std::string content = std::string(kMagic) + (runs.empty() ? "" : batch_of(runs));
  const std::string fresh = path_ + ".new";
  const std::string folder = std::filesystem::path(path_).parent_path();
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  Descriptor file(::open(fresh.c_str(), O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0640));
  if (directory.get() < 0 || file.get() < 0) return failed(fresh, "cannot be created");
  const bool placed = ::fsync(directory.get()) == 0 && write_all(file.get(), content, 0) &&
                      ::fdatasync(file.get()) == 0 && ::rename(fresh.c_str(), path_.c_str()) == 0 &&
                      ::fsync(directory.get()) == 0;
  if (!placed) return failed(path_, "cannot be written");
  if (file_ >= 0) ::close(file_);
  file_ = file.take();
  size_ = content.size();
  return {};
}

Result<void> ReleasedRuns::add(std::span<const ReleasedRun> batch) {
  const std::string content = batch_of(batch);
  // A batch that is not whole is written over by the next.
  if (!write_all(file_, content, size_)) return failed(path_, "cannot be written");
  if (::fdatasync(file_) != 0) return failed(path_, "cannot be synced");
  size_ += content.size();
  return {};
}

}  // namespace koegura::capture
