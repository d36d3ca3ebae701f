#include "ledger_lines.h"

#include <algorithm>
#include <span>

#include "ledger_format.h"

namespace koegura::store {

Result<std::optional<std::string_view>> LedgerLines::next() {
  while (true) {
    const std::string_view rest = std::string_view(buffer_).substr(taken_);
    const std::size_t size = rest.find('\n');
    if (size != std::string_view::npos && size < kMostLineBytes) {
      taken_ += size + 1;
      at_ += size + 1;
      return rest.substr(0, size);
    }
    if (rest.size() >= kMostLineBytes) return std::nullopt;
    const Result<bool> more = read_more();
    if (!more) return tl::make_unexpected(more.error());
    if (!*more) return std::nullopt;
  }
}

Result<bool> LedgerLines::read_more() {
  buffer_.erase(0, taken_);
  taken_ = 0;
  const std::size_t before = buffer_.size();
  const std::uint64_t from = at_ + before;
  if (from >= end_) return false;
  const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(end_ - from, ahead_));
  ahead_ = std::min(ahead_ * 8, kMostLineBytes);
  buffer_.resize(before + most);
  const Result<std::size_t> got = file_.read_at(from, std::span(buffer_).subspan(before));
  if (!got) return tl::make_unexpected(got.error());
  buffer_.resize(before + *got);
  return *got > 0;
}

}  // namespace koegura::store
