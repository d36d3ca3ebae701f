#include "ladder.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "quantity_text.h"
#include "terminal.h"
#include "text_width.h"

namespace koegura::tools {

namespace {

constexpr std::size_t kTimeColumn = 9;     // "  12.345"
constexpr std::size_t kLeastSpacing = 22;  // between lifelines: "183 Session Progress"
constexpr std::size_t kMostSpacing = 44;

// A line of the terminal, one string a column; a wide character leaves the next one empty.
class Canvas {
 public:
  explicit Canvas(std::size_t columns) : cells_(columns, " ") {}

  void put(std::size_t column, std::string_view cell) { cells_.at(column) = cell; }
  // REQUIRES: printable text that fits.
  void write(std::size_t column, std::string_view text) {
    while (!text.empty()) {
      std::size_t bytes = 1;
      // A character with the marks that take no column of their own.
      while (bytes < text.size() &&
             (is_continuation(text[bytes]) || width_of(text.substr(0, bytes)) == 0)) {
        ++bytes;
      }
      const std::size_t width = width_of(text.substr(0, bytes));
      put(column, text.substr(0, bytes));
      for (std::size_t i = 1; i < width; ++i) put(column + i, "");
      column += width;
      text.remove_prefix(bytes);
    }
  }
  void colour(std::size_t from, std::size_t to, Colour colour) {
    std::string inside;
    for (std::size_t i = from; i < to; ++i) inside += std::exchange(cells_[i], "");
    cells_[from] = coloured(colour, inside);
  }
  [[nodiscard]] std::string line() const {
    std::string text;
    for (const std::string& cell : cells_) text += cell;
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
  }

 private:
  static bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

  std::vector<std::string> cells_;
};

// Where each endpoint's lifeline stands, in order of first appearance.
class Lifelines {
 public:
  // The lines begin behind `margin`.
  Lifelines(std::span<const LadderStep> steps, std::size_t margin, std::size_t columns)
      : margin_(margin) {
    for (const LadderStep& step : steps) {
      add(step.source());
      add(step.destination());
    }
    const std::size_t room = columns > margin_ ? columns - margin_ : 0;
    const std::size_t count = std::max<std::size_t>(endpoints_.size(), 1);
    spacing_ = std::clamp(room / count, kLeastSpacing, kMostSpacing);
  }

  [[nodiscard]] std::size_t column_of(const std::string& endpoint) const {
    const auto at = std::find(endpoints_.begin(), endpoints_.end(), endpoint) - endpoints_.begin();
    return column(static_cast<std::size_t>(at));
  }
  [[nodiscard]] Canvas canvas() const {
    Canvas canvas(margin_ + spacing_ * endpoints_.size());
    for (std::size_t i = 0; i < endpoints_.size(); ++i) canvas.put(column(i), "│");
    return canvas;
  }
  [[nodiscard]] std::string heading() const {
    Canvas canvas(margin_ + spacing_ * endpoints_.size());
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
      const std::string name = clipped(endpoints_[i], spacing_ - 1);
      canvas.write(column(i) - width_of(name) / 2, name);
    }
    return canvas.line();
  }
  [[nodiscard]] std::size_t spacing() const { return spacing_; }

 private:
  void add(const std::string& endpoint) {
    const bool known =
        std::find(endpoints_.begin(), endpoints_.end(), endpoint) != endpoints_.end();
    if (!known) endpoints_.push_back(endpoint);
  }
  [[nodiscard]] std::size_t column(std::size_t index) const {
    return margin_ + spacing_ * index + spacing_ / 2;
  }

  std::size_t margin_;
  std::vector<std::string> endpoints_;
  std::size_t spacing_ = kLeastSpacing;
};

// In at most `columns`, of which the marks take 12: the reason gives way to them.
std::string label_of(const LadderStep& step, std::size_t columns) {
  std::string marks = step.sdp() ? " (SDP)" : "";
  if (step.retransmission()) marks += " again";
  const std::string what =
      step.status() == 0 ? step.method() : decimal_text(step.status(), 0) + ' ' + step.reason();
  return clipped(what, columns - marks.size()) + marks;
}

Colour colour_of(const LadderStep& step) {
  if (step.retransmission()) return Colour::kDim;
  if (step.status() == 0) return Colour::kBold;
  if (step.status() < 200) return Colour::kCyan;
  if (step.status() < 300) return Colour::kGreen;
  return step.status() < 400 ? Colour::kYellow : Colour::kRed;
}

void draw_arrow(const LadderStep& step, const Lifelines& lifelines, Canvas& canvas) {
  const std::size_t source = lifelines.column_of(step.source());
  const std::size_t destination = lifelines.column_of(step.destination());
  if (source == destination) {  // to itself
    const std::string label =
        clipped("↺ " + label_of(step, kMostSpacing), lifelines.spacing() / 2 - 1);
    canvas.write(source + 1, label);
    canvas.colour(source + 1, source + 1 + width_of(label), colour_of(step));
    return;
  }
  const std::size_t from = std::min(source, destination) + 1;
  const std::size_t to = std::max(source, destination);
  for (std::size_t i = from; i < to; ++i) canvas.put(i, "─");
  // Always a dash on each side: the lifelines that the arrow crosses are hidden, its ends never.
  const std::string label = ' ' + label_of(step, to - from - 5) + ' ';
  canvas.write(from + (to - from - width_of(label)) / 2, label);
  canvas.put(source < destination ? to - 1 : from, source < destination ? ">" : "<");
  canvas.colour(from, to, colour_of(step));
}

// The letters of the calls, each in a colour of its own as far as there are colours.
class Letters {
 public:
  explicit Letters(std::span<const LadderCall> calls) {
    constexpr std::array kColours = {Colour::kCyan, Colour::kYellow, Colour::kGreen, Colour::kRed,
                                     Colour::kBold};
    for (std::size_t i = 0; i < calls.size(); ++i) {
      letters_[calls[i].id] = {calls[i].letter, kColours[i % kColours.size()]};
      width_ = std::max(width_, width_of(calls[i].letter));
    }
  }

  // 0 without calls.
  [[nodiscard]] std::size_t width() const { return width_; }
  [[nodiscard]] std::string of(const std::string& call) const {
    const auto found = letters_.find(call);
    if (found == letters_.end()) return {};
    return coloured(found->second.second, padded(found->second.first, width_));
  }
  void write(const LadderStep& step, Canvas& canvas) const {
    const auto found = letters_.find(step.call());
    if (found == letters_.end()) return;
    const auto& [letter, colour] = found->second;
    canvas.write(kTimeColumn, letter);
    canvas.colour(kTimeColumn, kTimeColumn + width_of(letter), colour);
  }

 private:
  std::map<std::string, std::pair<std::string, Colour>> letters_;
  std::size_t width_ = 0;
};

}  // namespace

std::vector<std::string> draw_ladder(std::span<const LadderStep> steps, std::size_t columns) {
  return draw_ladder(steps, {}, columns);
}

std::vector<std::string> draw_ladder(std::span<const LadderStep> steps,
                                     std::span<const LadderCall> calls, std::size_t columns) {
  const Letters letters(calls);
  const Lifelines lifelines(steps, kTimeColumn + letters.width(), columns);
  std::vector<std::string> lines = {lifelines.heading()};
  for (const LadderStep& step : steps) {
    Canvas canvas = lifelines.canvas();
    const std::string time = padded_left(decimal_text(step.at_s(), 3), kTimeColumn - 1);
    const std::size_t room =
        letters.width() > 0 ? kTimeColumn - 1 : kTimeColumn + lifelines.spacing() / 2 - 1;
    canvas.write(0, clipped(time, room));
    letters.write(step, canvas);
    draw_arrow(step, lifelines, canvas);
    lines.push_back(canvas.line());
  }
  for (const LadderCall& call : calls) {
    std::string letter = letters.of(call.id);
    for (const std::string& line : call.legend) {
      lines.push_back("  " + letter + "  " + line);
      letter = std::string(letters.width(), ' ');
    }
  }
  return lines;
}

}  // namespace koegura::tools
