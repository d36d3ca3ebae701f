// CursesScreen: the whole terminal, drawn anew each time; by ncurses, which curses_screen.cc alone
// includes.
//
// Threads: one. One at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>

#include "capture/error.h"
#include "top_screen.h"

namespace koegura::tools {

class CursesScreen {
 public:
  // Fails where $TERM is no terminal that can be drawn on.
  [[nodiscard]] static Result<std::unique_ptr<CursesScreen>> open();
  virtual ~CursesScreen() = default;  // gives the terminal back as it was

  [[nodiscard]] virtual std::size_t width() const = 0;
  [[nodiscard]] virtual std::size_t height() const = 0;
  virtual void draw(std::span<const ScreenLine> lines) = 0;
  // The key pressed within this time; 0 if none was, or the terminal changed its size, or a signal
  // came.
  [[nodiscard]] virtual char key(std::chrono::milliseconds patience) = 0;
};

}  // namespace koegura::tools
