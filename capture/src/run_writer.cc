#include "run_writer.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace koegura::capture {
namespace {

constexpr std::size_t kRunsAWrite = 64;

// Writes all of it, or errno says why not; a partial write is taken back by the next one at its
// offset. Leaves nothing of `parts` as it was.
bool write_at(int file, std::span<iovec> parts, std::uint64_t offset) {
  while (!parts.empty()) {
    const ssize_t written =
        ::pwritev(file, parts.data(), static_cast<int>(parts.size()), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    offset += static_cast<std::uint64_t>(written);
    auto rest = static_cast<std::size_t>(written);
    while (!parts.empty() && rest >= parts.front().iov_len) {
      rest -= parts.front().iov_len;
      parts = parts.subspan(1);
    }
    if (parts.empty()) return true;
    parts.front().iov_base = static_cast<std::byte*>(parts.front().iov_base) + rest;
    parts.front().iov_len -= rest;
  }
  return true;
}

// So many of the first runs are of one segment.
std::size_t of_one_segment(std::span<const QueuedRun> runs) {
  const SpoolSegment* const segment = runs.front().run->segment.get();
  std::size_t count = 1;
  while (count < runs.size() && count < kRunsAWrite && runs[count].run->segment.get() == segment) {
    ++count;
  }
  return count;
}

bool sync_folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path();
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return false;
  const bool synced = ::fsync(file) == 0;
  const int error = errno;
  ::close(file);
  errno = error;
  return synced;
}

}  // namespace

void dispose(const QueuedRun& queued) {
  if (queued.pool != nullptr) {
    queued.pool->give_back(queued.blocks);
  } else {
    delete[] queued.blocks;
  }
  if (queued.run != nullptr && queued.run->drop()) let_go(std::span(&queued.run, 1));
}

RunWriter::~RunWriter() {
  close();
}

void RunWriter::close() {
  if (file_ >= 0) ::close(std::exchange(file_, -1));
  segment_ = {};
}

std::size_t RunWriter::write(std::span<const QueuedRun> runs) {
  std::size_t done = 0;
  while (done < runs.size()) {
    const auto group = runs.subspan(done, of_one_segment(runs.subspan(done)));
    if (!open(group.front().run->segment) || !write_in_one(group)) break;
    done += group.size();
  }
  return done;
}

bool RunWriter::open(const SegmentHold& segment) {
  if (segment.get() == segment_.get()) return true;
  if (file_ >= 0) {
    if (unsynced_ && !sync()) return false;
    ::close(std::exchange(file_, -1));
  }
  // Its name may be there from an attempt that the disk broke off; nobody else's is ever so.
  file_ = ::open(segment->path().c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0640);
  if (file_ < 0) return refuse(segment->path(), "cannot be created");
  std::vector<std::byte> preamble = segment->preamble();
  iovec part{.iov_base = preamble.data(), .iov_len = preamble.size()};
  if (!write_at(file_, {&part, 1}, 0)) {
    const bool refused = refuse(segment->path(), "cannot be written");
    ::close(std::exchange(file_, -1));
    return refused;
  }
  segment_ = segment;
  segment_->set_written(preamble.size());
  bytes_written_ += preamble.size();
  ++segments_;
  made_ = true;
  return true;
}

bool RunWriter::write_in_one(std::span<const QueuedRun> runs) {
  std::array<iovec, kRunsAWrite> parts;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    parts[i] = {.iov_base = runs[i].blocks, .iov_len = runs[i].run->length};
  }
  const std::uint64_t offset = runs.front().run->offset;
  if (!write_at(file_, std::span(parts).first(runs.size()), offset)) {
    return refuse(segment_->path(), "cannot be written");
  }
  const std::uint64_t end = runs.back().run->end();
  segment_->set_written(end);
  bytes_written_ += end - offset;
  unsynced_ = true;
  return true;
}

bool RunWriter::sync() {
  if (file_ < 0) return true;
  if (std::exchange(unsynced_, false) && ::fdatasync(file_) != 0) {
    return refuse(segment_->path(), "cannot be synced");
  }
  if (made_ && !sync_folder_of(segment_->path())) {
    return refuse(segment_->path(), "its folder cannot be synced");
  }
  made_ = false;
  return true;
}

bool RunWriter::refuse(const std::string& path, const char* what) {
  last_error_ = "spool " + path + ": " + what + ": " + std::generic_category().message(errno);
  ++errors_;
  return false;
}

}  // namespace koegura::capture
