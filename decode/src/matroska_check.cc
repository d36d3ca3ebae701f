// Every element at the top of a Segment has its CRC-32 as its first child, of all that follows in
// it (RFC 8794 §11.3.1, RFC 9559 §6.2); only Void, which is all zeros, has none.
extern "C" {
#include <libavutil/crc.h>
}

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "decode/matroska.h"

namespace koegura::decode {
namespace {

constexpr std::uint32_t kEbml = 0x1A45DFA3;
constexpr std::uint32_t kSegment = 0x18538067;
constexpr std::uint32_t kVoid = 0xEC;
constexpr std::uint64_t kLargestHeader = 4096;  // of the EBML element

struct Part {
  std::uint32_t id;
  const char* name;
};
constexpr std::array kParts = {
    Part{0x114D9B74, "SeekHead"}, Part{0x1549A966, "Info"},        Part{0x1654AE6B, "Tracks"},
    Part{0x1043A770, "Chapters"}, Part{0x1941A469, "Attachments"}, Part{0x1254C367, "Tags"},
    Part{0x1F43B675, "Cluster"},  Part{0x1C53BB6B, "Cues"},        Part{kVoid, "Void"},
};

struct Element {
  std::uint32_t id = 0;
  std::uint64_t body = 0;  // offset
  std::uint64_t end = 0;
};

class File {
 public:
  explicit File(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat status {};
    if (fd_ < 0 || ::fstat(fd_, &status) != 0) {
      error_ = errno;
      return;
    }
    size_ = static_cast<std::uint64_t>(status.st_size);
    ::posix_fadvise(fd_, 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] int error() const { return error_; }

  // Up to so many bytes from the offset; fewer at the file's end, none after an error. They live
  // until the next call.
  [[nodiscard]] capture::Bytes read(std::uint64_t offset, std::uint64_t bytes) {
    std::size_t got = 0;
    const std::size_t wanted = std::min<std::uint64_t>(bytes, buffer_.size());
    while (got < wanted && error_ == 0) {
      const ssize_t more =
          ::pread(fd_, buffer_.data() + got, wanted - got, static_cast<off_t>(offset + got));
      if (more == 0) break;
      if (more > 0) got += static_cast<std::size_t>(more);
      if (more < 0 && errno != EINTR) error_ = errno;
    }
    return {buffer_.data(), error_ == 0 ? got : 0};
  }

 private:
  int fd_;
  int error_ = 0;
  std::uint64_t size_ = 0;
  std::array<std::byte, 64U << 10U> buffer_{};
};

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

class Check {
 public:
  explicit Check(const std::string& path) : file_(path) {}

  [[nodiscard]] Result<void> run() {
    const std::optional<Element> header = element_at(0, file_.size());
    if (!header || header->id != kEbml || header->end - header->body > kLargestHeader) {
      return damaged(0, "it does not begin as a Matroska file does");
    }
    if (Result<void> walked = walk(*header, &Check::accept); !walked) return walked;
    const std::optional<Element> segment = element_at(header->end, file_.size());
    if (!segment || segment->id != kSegment) return damaged(header->end, "its Segment is missing");
    if (segment->end != file_.size()) {
      return damaged(segment->end, "something follows its Segment");
    }
    return walk(*segment, &Check::check_part);
  }

 private:
  using Visit = Result<void> (Check::*)(std::uint64_t at, const Element& element);

  [[nodiscard]] Result<void> walk(const Element& parent, Visit visit) {
    for (std::uint64_t at = parent.body; at < parent.end;) {
      const std::optional<Element> element = element_at(at, parent.end);
      if (!element) return damaged(at, "there is no element, or it is cut off");
      if (Result<void> visited = (this->*visit)(at, *element); !visited) return visited;
      at = element->end;
    }
    return {};
  }

  // Nothing unless it lies within `end`.
  [[nodiscard]] std::optional<Element> element_at(std::uint64_t at, std::uint64_t end) {
    constexpr std::size_t kLongestId = 4;
    constexpr std::size_t kLongestSize = 8;
    const capture::Bytes bytes = file_.read(at, kLongestId + kLongestSize);
    const auto id = read_integer(bytes, kLongestId, /*with_marker=*/true);
    if (!id) return std::nullopt;
    const auto size = read_integer(bytes.subspan(id->length), kLongestSize, /*with_marker=*/false);
    if (!size) return std::nullopt;
    const std::uint64_t body = at + id->length + size->length;
    if (body > end || size->value > end - body) return std::nullopt;
    return Element{
        .id = static_cast<std::uint32_t>(id->value), .body = body, .end = body + size->value};
  }

  [[nodiscard]] Result<void> accept(std::uint64_t /*at*/, const Element& /*element*/) { return {}; }

  [[nodiscard]] Result<void> check_part(std::uint64_t at, const Element& element) {
    const auto* part = std::find_if(kParts.begin(), kParts.end(),
                                    [&](const Part& known) { return known.id == element.id; });
    if (part == kParts.end()) return damaged(at, "a part of no known kind");
    if (element.id == kVoid) return check_empty(element);
    // BF: CRC-32; 84: of four bytes, the lowest first.
    constexpr std::size_t kCrcElement = 6;
    const capture::Bytes head = file_.read(element.body, kCrcElement);
    const bool has_crc = element.end - element.body >= kCrcElement && head.size() == kCrcElement &&
                         head[0] == std::byte{0xBF} && head[1] == std::byte{0x84};
    if (!has_crc) return damaged(at, std::string("its ") + part->name + " has lost its checksum");
    std::uint32_t said = 0;
    for (std::size_t i = kCrcElement; i-- > 2;) {
      said = (said << 8U) | static_cast<std::uint32_t>(head[i]);
    }
    if (crc_of(element.body + kCrcElement, element.end) == said) return {};
    return damaged(at, std::string("its ") + part->name + " does not match its checksum");
  }

  [[nodiscard]] Result<void> check_empty(const Element& element) {
    for (std::uint64_t at = element.body; at < element.end;) {
      const capture::Bytes bytes = file_.read(at, element.end - at);
      const bool empty = std::all_of(bytes.begin(), bytes.end(),
                                     [](std::byte byte) { return byte == std::byte{0}; });
      if (bytes.empty() || !empty) return damaged(at, "its empty part is not empty");
      at += bytes.size();
    }
    return {};
  }

  [[nodiscard]] std::uint32_t crc_of(std::uint64_t from, std::uint64_t to) {
    const AVCRC* const table = av_crc_get_table(AV_CRC_32_IEEE_LE);
    std::uint32_t crc = 0xFFFFFFFF;
    while (from < to) {
      const capture::Bytes bytes = file_.read(from, to - from);
      if (bytes.empty()) break;
      crc = av_crc(table, crc, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
      from += bytes.size();
    }
    return ~crc;
  }

  // Unless the disk gave the file wrong, or not at all.
  [[nodiscard]] Result<void> damaged(std::uint64_t offset, const std::string& what) const {
    const std::string place = "offset " + std::to_string(offset) + ": ";
    if (file_.error() == 0) return failure(place + what);
    return failure((offset == 0 ? "" : place) + "cannot read: " + std::strerror(file_.error()),
                   file_.error() == ENOENT ? ErrorKind::kNotFound : ErrorKind::kFailed);
  }

  File file_;
};

}  // namespace

Result<void> check_matroska(const std::string& path) {
  return Check(path).run().map_error([&](Error error) { return std::move(error).in(path); });
}

}  // namespace koegura::decode
