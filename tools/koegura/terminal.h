// terminal: what stdout is, and what may therefore be written to it.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace koegura::tools {

[[nodiscard]] bool stdout_is_terminal();
[[nodiscard]] bool stderr_is_terminal();
[[nodiscard]] std::size_t terminal_width();  // columns; 80 where there is no terminal

enum class Colour : unsigned char { kPlain, kBold, kDim, kRed, kGreen, kYellow, kCyan };

// The text in the colour where stdout is a terminal that shows colours (and $NO_COLOR is not set,
// https://no-color.org), else the text alone.
[[nodiscard]] std::string coloured(Colour colour, std::string_view text);

// While it lives, stdout goes through $PAGER (or less -FRX), as git's does; only where stdout is a
// terminal. Its end waits until the reader is done.
class Pager {
 public:
  Pager();
  ~Pager();
  Pager(const Pager&) = delete;
  Pager& operator=(const Pager&) = delete;

 private:
  pid_t process_ = -1;
};

}  // namespace koegura::tools
