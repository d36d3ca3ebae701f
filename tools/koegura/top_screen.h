// top_screen: what `koegura top` shows, as coloured lines; how they come onto a terminal is
// curses_screen's.
//
// Threads: none; pure functions. Widths as in text_width.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "output.pb.h"
#include "terminal.h"

namespace koegura::tools {

struct ColouredText {
  Colour colour = Colour::kPlain;
  std::string text;
};
using ScreenLine = std::vector<ColouredText>;
[[nodiscard]] std::string plain_text(const ScreenLine& line);

enum class TopSort : unsigned char { kNewest, kLongest, kBusiest };
[[nodiscard]] TopSort next(TopSort sort);

struct TopLayout {
  std::size_t width = 80;
  std::size_t height = 0;  // 0: as many lines as it takes
  TopSort sort = TopSort::kNewest;
  bool paused = false;
  std::string region = "JP";  // whose numbers are written as at home
};

// `now` with its rates. At most height lines of at most width columns; the calls are what gives
// way.
[[nodiscard]] std::vector<ScreenLine> draw_top(const TopSnapshot& now, const TopLayout& layout);

}  // namespace koegura::tools
