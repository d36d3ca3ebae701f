#include "curses_screen.h"

#include <ncurses.h>

#include <algorithm>
#include <cstdlib>

namespace koegura::tools {

namespace {

constexpr short kDefault = -1;  // the terminal's own colour

attr_t attributes_of(Colour colour) {
  const auto pair = static_cast<attr_t>(COLOR_PAIR(static_cast<int>(colour)));
  switch (colour) {
    case Colour::kPlain:
      return A_NORMAL;
    case Colour::kBold:
      return A_BOLD;
    case Colour::kDim:
      return A_DIM;
    case Colour::kRed:
      return pair | A_BOLD;
    case Colour::kGreen:
    case Colour::kYellow:
    case Colour::kCyan:
      return pair;
  }
  return A_NORMAL;
}

void choose_colours() {
  const char* refused = std::getenv("NO_COLOR");
  const bool wanted = refused == nullptr || *refused == '\0';
  if (!wanted || !has_colors() || start_color() != OK) return;
  use_default_colors();
  const auto set = [](Colour colour, int shown) {
    init_pair(static_cast<short>(colour), static_cast<short>(shown), kDefault);
  };
  set(Colour::kRed, COLOR_RED);
  set(Colour::kGreen, COLOR_GREEN);
  set(Colour::kYellow, COLOR_YELLOW);
  set(Colour::kCyan, COLOR_CYAN);
}

class Curses : public CursesScreen {
 public:
  explicit Curses(SCREEN* screen) : screen_(screen) {
    cbreak();
    noecho();
    curs_set(0);
    keypad(stdscr, TRUE);
    choose_colours();
  }
  Curses(const Curses&) = delete;
  Curses& operator=(const Curses&) = delete;
  ~Curses() override {
    endwin();
    delscreen(screen_);
  }

  [[nodiscard]] std::size_t width() const override { return size(COLS); }
  [[nodiscard]] std::size_t height() const override { return size(LINES); }

  void draw(std::span<const ScreenLine> lines) override {
    werase(stdscr);
    int row = 0;
    for (const ScreenLine& line : lines) {
      wmove(stdscr, row++, 0);
      for (const ColouredText& part : line) {
        wattrset(stdscr, static_cast<int>(attributes_of(part.colour)));
        waddstr(stdscr, part.text.c_str());
      }
    }
    wattrset(stdscr, A_NORMAL);
    wrefresh(stdscr);
  }

  char key(std::chrono::milliseconds patience) override {
    wtimeout(stdscr, static_cast<int>(std::max<long long>(0, patience.count())));
    const int pressed = wgetch(stdscr);
    return pressed > 0 && pressed < 0x80 ? static_cast<char>(pressed) : '\0';
  }

 private:
  static std::size_t size(int cells) { return static_cast<std::size_t>(std::max(1, cells)); }

  SCREEN* screen_;
};

}  // namespace

Result<std::unique_ptr<CursesScreen>> CursesScreen::open() {
  SCREEN* screen = newterm(nullptr, stdout, stdin);
  if (screen == nullptr) {
    const char* terminal = std::getenv("TERM");
    return failure("cannot draw on a terminal of type '" +
                   std::string(terminal == nullptr ? "" : terminal) +
                   "': set TERM, or see `koegura top | cat`");
  }
  set_term(screen);
  return std::make_unique<Curses>(screen);
}

}  // namespace koegura::tools
