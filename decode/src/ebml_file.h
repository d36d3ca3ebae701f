// EbmlFile: an EBML document (RFC 8794) on disk, element by element.
//
// Threads: one.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "capture/error.h"
#include "capture/frame.h"

namespace koegura::decode {

// An identifier with its length marker, as RFC 9559 lists them.
inline constexpr std::uint32_t kAttachments = 0x1941A469;

struct EbmlElement {
  std::uint32_t id = 0;
  std::uint64_t body = 0;  // offset
  std::uint64_t end = 0;
};

class EbmlFile {
 public:
  explicit EbmlFile(const std::string& path);
  EbmlFile(const EbmlFile&) = delete;
  EbmlFile& operator=(const EbmlFile&) = delete;
  ~EbmlFile();

  // Up to so many bytes from the offset; fewer at the file's end or beyond what a buffer holds,
  // none after an error. They live until the next call.
  [[nodiscard]] capture::Bytes read(std::uint64_t offset, std::uint64_t bytes);

  // The Segment, which is all of the file behind the EBML header.
  [[nodiscard]] Result<EbmlElement> segment();

  // Gives the elements in a parent one by one, with where each begins, until visit fails or wants
  // no more (Result<bool>).
  template <typename Visit>
  [[nodiscard]] Result<void> walk(const EbmlElement& parent, const Visit& visit) {
    for (std::uint64_t at = parent.body; at < parent.end;) {
      const std::optional<EbmlElement> element = element_at(at, parent.end);
      if (!element) return damaged(at, "there is no element, or it is cut off");
      Result<bool> more = visit(at, *element);
      if (!more) return tl::make_unexpected(std::move(more).error());
      if (!*more) return {};
      at = element->end;
    }
    return {};
  }

  // What is wrong, and where; unless the disk gave the file wrong, or not at all.
  [[nodiscard]] tl::unexpected<Error> damaged(std::uint64_t offset, const std::string& what) const;

 private:
  // Nothing unless it lies within `end`.
  [[nodiscard]] std::optional<EbmlElement> element_at(std::uint64_t at, std::uint64_t end);

  void fill(std::uint64_t offset, std::size_t bytes);

  int fd_;
  int error_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t begin_ = 0;  // of what the buffer holds
  std::size_t held_ = 0;
  std::array<std::byte, 64U << 10U> buffer_;
};

}  // namespace koegura::decode
