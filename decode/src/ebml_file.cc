#include "ebml_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace koegura::decode {
namespace {

constexpr std::uint32_t kEbmlHeader = 0x1A45DFA3;
constexpr std::uint32_t kSegment = 0x18538067;
constexpr std::uint64_t kLargestHeader = 4096;  // of the EBML element
// A small file's elements lie close together, and a look at one asks for 12 bytes.
constexpr std::size_t kAhead = 4096;

// A variable-size integer (RFC 8794 §4) at the front; its length marker stays in it if asked.
struct Integer {
  std::uint64_t value = 0;
  std::size_t length = 0;
};
std::optional<Integer> read_integer(capture::Bytes bytes, std::size_t longest, bool with_marker) {
  if (bytes.empty()) return std::nullopt;
  const auto first = static_cast<unsigned>(bytes[0]);
  Integer integer{.value = first, .length = 1};
  unsigned marker = 0x80;
  for (; marker != 0 && (first & marker) == 0; marker >>= 1U) ++integer.length;
  if (integer.length > longest || integer.length > bytes.size()) return std::nullopt;
  if (!with_marker) integer.value = first & (marker - 1);
  for (std::size_t i = 1; i < integer.length; ++i) {
    integer.value = (integer.value << 8U) | static_cast<std::uint64_t>(bytes[i]);
  }
  return integer;
}

}  // namespace

EbmlFile::EbmlFile(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  struct stat status {};
  if (fd_ < 0 || ::fstat(fd_, &status) != 0) {
    error_ = errno;
    return;
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
  ::posix_fadvise(fd_, 0, 0, POSIX_FADV_SEQUENTIAL);
}

EbmlFile::~EbmlFile() {
  if (fd_ >= 0) ::close(fd_);
}

capture::Bytes EbmlFile::read(std::uint64_t offset, std::uint64_t bytes) {
  const std::size_t wanted = std::min<std::uint64_t>(bytes, buffer_.size());
  const bool is_held = offset >= begin_ && offset - begin_ <= held_ &&
                       wanted <= held_ - static_cast<std::size_t>(offset - begin_);
  if (!is_held) fill(offset, std::max(wanted, kAhead));
  const auto at = static_cast<std::size_t>(offset - begin_);
  return {buffer_.data() + at, std::min(wanted, held_ - at)};
}

void EbmlFile::fill(std::uint64_t offset, std::size_t bytes) {
  begin_ = offset;
  held_ = 0;
  while (held_ < bytes && error_ == 0) {
    const ssize_t more =
        ::pread(fd_, buffer_.data() + held_, bytes - held_, static_cast<off_t>(offset + held_));
    if (more == 0) break;
    if (more > 0) held_ += static_cast<std::size_t>(more);
    if (more < 0 && errno != EINTR) error_ = errno;
  }
  if (error_ != 0) held_ = 0;
}

std::optional<EbmlElement> EbmlFile::element_at(std::uint64_t at, std::uint64_t end) {
  constexpr std::size_t kLongestId = 4;
  constexpr std::size_t kLongestSize = 8;
  const capture::Bytes bytes = read(at, kLongestId + kLongestSize);
  const auto id = read_integer(bytes, kLongestId, /*with_marker=*/true);
  if (!id) return std::nullopt;
  const auto size = read_integer(bytes.subspan(id->length), kLongestSize, /*with_marker=*/false);
  if (!size) return std::nullopt;
  const std::uint64_t body = at + id->length + size->length;
  if (body > end || size->value > end - body) return std::nullopt;
  return EbmlElement{
      .id = static_cast<std::uint32_t>(id->value), .body = body, .end = body + size->value};
}

Result<EbmlElement> EbmlFile::segment() {
  const std::optional<EbmlElement> header = element_at(0, size_);
  if (!header || header->id != kEbmlHeader || header->end - header->body > kLargestHeader) {
    return damaged(0, "it does not begin as a Matroska file does");
  }
  const auto accept = [](std::uint64_t /*at*/, const EbmlElement& /*element*/) {
    return Result<bool>(true);
  };
  if (Result<void> walked = walk(*header, accept); !walked) {
    return tl::make_unexpected(std::move(walked).error());
  }
  const std::optional<EbmlElement> segment = element_at(header->end, size_);
  if (!segment || segment->id != kSegment) return damaged(header->end, "its Segment is missing");
  if (segment->end != size_) return damaged(segment->end, "something follows its Segment");
  return *segment;
}

tl::unexpected<Error> EbmlFile::damaged(std::uint64_t offset, const std::string& what) const {
  const std::string place = "offset " + std::to_string(offset) + ": ";
  if (error_ == 0) return failure(place + what);
  return failure((offset == 0 ? "" : place) + "cannot read: " + std::strerror(error_),
                 error_ == ENOENT ? ErrorKind::kNotFound : ErrorKind::kFailed);
}

}  // namespace koegura::decode
