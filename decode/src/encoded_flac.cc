#include "decode/encoded_flac.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace koegura::decode {
namespace {

constexpr std::size_t kChunkBytes = 64U << 10U;
constexpr std::size_t kFileBytes = 256U << 10U;  // written or read at a time

// Before each frame, in memory and in the file.
struct RecordHeader {
  std::uint32_t bytes;
  std::uint32_t samples;
};

tl::unexpected<Error> file_failure(const std::string& directory, const char* what) {
  return failure("temporary file in " + directory + ": " + what + ": " + std::strerror(errno));
}

}  // namespace

EncodedFlac::EncodedFlac(std::string temporary_directory, std::uint32_t memory_limit)
    : directory_(std::move(temporary_directory)), memory_limit_(memory_limit) {}

EncodedFlac::~EncodedFlac() {
  if (file_ >= 0) close(file_);
}

Result<void> EncodedFlac::append(std::uint32_t samples, capture::Bytes frame) {
  if (!failed_.message.empty()) return tl::make_unexpected(failed_);
  const RecordHeader header = {.bytes = static_cast<std::uint32_t>(frame.size()),
                               .samples = samples};
  std::byte* record = make_room(sizeof header + frame.size());
  std::memcpy(record, &header, sizeof header);
  std::memcpy(record + sizeof header, frame.data(), frame.size());
  const std::size_t limit = file_ < 0 ? memory_limit_ : kFileBytes;
  if (in_memory_ <= limit) return {};
  Result<void> spilled = spill();
  if (!spilled) failed_ = spilled.error();
  return spilled;
}

std::byte* EncodedFlac::make_room(std::size_t bytes) {
  if (chunks_.empty() || chunks_.back().capacity - chunks_.back().used < bytes) {
    const std::size_t capacity = std::max(bytes, kChunkBytes);
    chunks_.push_back({.data = std::unique_ptr<std::byte[]>(new std::byte[capacity]),
                       .used = 0,
                       .capacity = capacity});
  }
  Chunk& chunk = chunks_.back();
  std::byte* room = chunk.data.get() + chunk.used;
  chunk.used += bytes;
  in_memory_ += bytes;
  return room;
}

Result<void> EncodedFlac::spill() {
  if (file_ < 0) {
    if (Result<void> opened = open_file(); !opened) return opened;
  }
  for (const Chunk& chunk : chunks_) {
    std::size_t done = 0;
    while (done < chunk.used) {
      const ssize_t wrote = write(file_, chunk.data.get() + done, chunk.used - done);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) return file_failure(directory_, "cannot write");
      done += static_cast<std::size_t>(wrote);
    }
  }
  in_file_ += in_memory_;
  in_memory_ = 0;
  chunks_.clear();
  return {};
}

Result<void> EncodedFlac::open_file() {
  file_ = open(directory_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file_ < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
    // A file system without unnamed files: one that loses its name at once.
    std::string name = directory_ + "/flac-XXXXXX";
    file_ = mkostemp(name.data(), O_CLOEXEC);
    if (file_ >= 0) unlink(name.c_str());
  }
  if (file_ < 0) return file_failure(directory_, "cannot create");
  return {};
}

const std::byte* FlacFrameReader::peek(std::size_t bytes) {
  // A record never lies in two places: append keeps it in one chunk, and spill writes whole ones.
  if (position_ < flac_.in_file_) return peek_in_file(bytes);
  if (chunk_position_ == flac_.chunks_[chunk_].used) {
    ++chunk_;
    chunk_position_ = 0;
  }
  return flac_.chunks_[chunk_].data.get() + chunk_position_;
}

const std::byte* FlacFrameReader::peek_in_file(std::size_t bytes) {
  if (position_ + bytes > buffer_from_ + buffer_.size()) {
    buffer_.resize(std::max(bytes, kFileBytes));
    const ssize_t got =
        pread(flac_.file_, buffer_.data(), buffer_.size(), static_cast<off_t>(position_));
    buffer_.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    buffer_from_ = position_;
    if (buffer_.size() < bytes) return nullptr;
  }
  return buffer_.data() + (position_ - buffer_from_);
}

Result<bool> FlacFrameReader::next(FlacFrame& frame) {
  if (position_ == flac_.bytes()) return false;
  RecordHeader header{};
  const std::byte* record = peek(sizeof header);
  if (record != nullptr) {
    std::memcpy(&header, record, sizeof header);
    record = peek(sizeof header + header.bytes);
  }
  if (record == nullptr) return file_failure(flac_.directory_, "cannot read back");
  frame.samples = header.samples;
  frame.bytes = capture::Bytes(record + sizeof header, header.bytes);
  if (position_ >= flac_.in_file_) chunk_position_ += sizeof header + header.bytes;
  position_ += sizeof header + header.bytes;
  return true;
}

}  // namespace koegura::decode
