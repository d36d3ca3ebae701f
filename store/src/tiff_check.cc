#include "tiff_check.h"

#include <algorithm>
#include <array>

namespace koegura::store {
namespace {

constexpr std::array kMagic = {std::byte{'I'}, std::byte{'I'}, std::byte{42}, std::byte{0}};
constexpr std::size_t kEntryBytes = 12;  // of a page's directory
constexpr std::size_t kCountBytes = 2;
constexpr std::size_t kOffsetBytes = 4;

// REQUIRES: they are there.
std::size_t little_endian_at(capture::Bytes bytes, std::size_t at, std::size_t count) {
  constexpr unsigned kOctetBits = 8;
  std::size_t value = 0;
  for (std::size_t i = count; i > 0; --i) {
    value = value << kOctetBits | std::to_integer<std::size_t>(bytes[at + i - 1]);
  }
  return value;
}

}  // namespace

Result<void> check_tiff(const decode::Attachment& attachment, std::uint32_t pages) {
  const capture::Bytes bytes = attachment.bytes;
  const bool is_tiff = bytes.size() >= kMagic.size() + kOffsetBytes &&
                       std::equal(kMagic.begin(), kMagic.end(), bytes.begin());
  if (!is_tiff) return failure(attachment.name + " is no TIFF file");
  std::uint32_t found = 0;
  std::size_t at = little_endian_at(bytes, kMagic.size(), kOffsetBytes);
  // Not more than there should be: a chain that leads back would have no end.
  for (; at != 0 && found <= pages; ++found) {
    if (at + kCountBytes > bytes.size()) return failure(attachment.name + " is cut off");
    const std::size_t entries = little_endian_at(bytes, at, kCountBytes);
    at += kCountBytes + entries * kEntryBytes;
    if (at + kOffsetBytes > bytes.size()) return failure(attachment.name + " is cut off");
    at = little_endian_at(bytes, at, kOffsetBytes);
  }
  if (found != pages) return failure(attachment.name + " has not as many pages as its call");
  return {};
}

}  // namespace koegura::store
