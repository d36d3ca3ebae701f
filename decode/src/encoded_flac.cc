#include "decode/encoded_flac.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace koegura::decode {
namespace {

constexpr std::size_t kChunk = 256U << 10U;  // of the file, read or written at a time

// Before each frame, in memory and in the file.
struct RecordHeader {
  std::uint32_t bytes;
  std::uint32_t samples;
};

void put(std::vector<std::byte>& out, const void* data, std::size_t bytes) {
  const auto* from = static_cast<const std::byte*>(data);
  out.insert(out.end(), from, from + bytes);
}

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
  put(memory_, &header, sizeof header);
  put(memory_, frame.data(), frame.size());
  const std::size_t limit = file_ < 0 ? memory_limit_ : kChunk;
  if (memory_.size() <= limit) return {};
  Result<void> spilled = spill();
  if (!spilled) failed_ = spilled.error();
  return spilled;
}

Result<void> EncodedFlac::spill() {
  if (file_ < 0) {
    if (Result<void> opened = open_file(); !opened) return opened;
  }
  std::size_t done = 0;
  while (done < memory_.size()) {
    const ssize_t wrote = write(file_, memory_.data() + done, memory_.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return file_failure(directory_, "cannot write");
    done += static_cast<std::size_t>(wrote);
  }
  in_file_ += done;
  memory_.clear();
  if (memory_.capacity() > 2 * kChunk) memory_.shrink_to_fit();
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
  // A record never lies half in the file: append spills whole ones.
  if (position_ >= flac_.in_file_) return flac_.memory_.data() + (position_ - flac_.in_file_);
  if (position_ + bytes > buffer_from_ + buffer_.size()) {
    buffer_.resize(std::max(bytes, kChunk));
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
  position_ += sizeof header + header.bytes;
  return true;
}

}  // namespace koegura::decode
