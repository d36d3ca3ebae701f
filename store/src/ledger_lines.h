// LedgerLines: the ledger's lines, one after another, in bounded memory.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "capture/error.h"
#include "open_file.h"

namespace koegura::store {

class LedgerLines {
 public:
  // From this offset, where a line begins, up to that one, or the file's end. The file outlives it.
  LedgerLines(const OpenFile& file, std::uint64_t begin, std::uint64_t end)
      : file_(file), at_(begin), end_(end) {}

  // Without its line feed; lives until the next. Nothing at the end, or where what follows is no
  // line: it is too long, or its line feed is missing.
  [[nodiscard]] Result<std::optional<std::string_view>> next();
  // Behind the last line given.
  [[nodiscard]] std::uint64_t offset() const { return at_; }

 private:
  [[nodiscard]] Result<bool> read_more();

  const OpenFile& file_;
  std::uint64_t at_;
  std::uint64_t end_;
  std::string buffer_;        // read ahead
  std::size_t taken_ = 0;     // of it
  std::size_t ahead_ = 1024;  // to be read next; more and more, as many ask for one line
};

}  // namespace koegura::store
