#include "window.h"

#include <algorithm>
#include <utility>

namespace koegura::capture {

namespace {

constexpr std::size_t kInitialCapacity = 1U << 20U;

}  // namespace

Window::Window(DecodedStream stream)
    : stream_(std::move(stream)),
      capacity_(kInitialCapacity),
      buffer_(std::make_unique_for_overwrite<std::byte[]>(capacity_)) {}

Result<bool> Window::fill(std::size_t size) {
  make_room(size);
  while (end_ - begin_ < size) {
    const auto got = stream_.stream->read({buffer_.get() + end_, capacity_ - end_});
    if (!got) return tl::make_unexpected(got.error());
    if (*got == 0) return false;
    end_ += *got;
  }
  return true;
}

Result<bool> Window::skip(std::size_t size) {
  while (size > 0) {
    if (begin_ == end_) {
      const auto more = fill(1);
      if (!more || !*more) return more;
    }
    const std::size_t piece = std::min(size, end_ - begin_);
    take(piece);
    size -= piece;
  }
  return true;
}

std::string Window::describe(std::uint64_t offset) const {
  return "offset " + std::to_string(offset) +
         (stream_.compressed ? " of the decompressed data" : "");
}

void Window::make_room(std::size_t size) {
  const Bytes left = rest();
  std::unique_ptr<std::byte[]> larger;
  if (size > capacity_) {
    capacity_ = size;
    larger = std::make_unique_for_overwrite<std::byte[]>(capacity_);
  }
  std::copy(left.begin(), left.end(), larger ? larger.get() : buffer_.get());
  if (larger) buffer_ = std::move(larger);
  buffer_offset_ += begin_;
  end_ = left.size();
  begin_ = 0;
}

}  // namespace koegura::capture
