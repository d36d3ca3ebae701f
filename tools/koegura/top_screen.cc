#include "top_screen.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "call_text.h"
#include "json.h"
#include "quantity_text.h"
#include "status_keeping.h"
#include "status_report.h"
#include "status_text.h"
#include "text_width.h"
#include "time_text.h"

namespace koegura::tools {

namespace {

constexpr std::size_t kTopGap = 2;
constexpr std::size_t kClock = 8;          // "10:15:02"
constexpr std::size_t kTopLeastParty = 8;  // columns for a caller or callee
constexpr int kMostFindings = 3;           // `koegura status` shows all

std::string rounded_count(double count) {
  return count_text(static_cast<std::uint64_t>(std::llround(std::max(0.0, count))));
}

std::string bits_text(double bits_per_s) {
  constexpr std::array kUnits = {"bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"};
  std::size_t unit = 0;
  while (bits_per_s >= 999.5 && unit + 1 < kUnits.size()) {
    bits_per_s /= 1000;
    ++unit;
  }
  return decimal_text(bits_per_s, unit > 0 && bits_per_s < 9.95 ? 1 : 0) + ' ' + kUnits[unit];
}

// Lines that keep to the layout.
class Screen {
 public:
  explicit Screen(const TopLayout& layout) : layout_(layout) {}

  [[nodiscard]] std::size_t rows_left() const {
    if (layout_.height == 0) return SIZE_MAX;
    return layout_.height - std::min(layout_.height, lines_.size());
  }
  void add(const ScreenLine& line) {
    if (rows_left() == 0) return;
    ScreenLine fitting;
    std::size_t left = layout_.width;
    for (const ColouredText& part : line) {
      if (left == 0) break;
      fitting.push_back({part.colour, clipped(part.text, left)});
      left -= std::min(left, width_of(fitting.back().text));
    }
    lines_.push_back(std::move(fitting));
  }
  void add(std::string_view label, ScreenLine line) {
    line.insert(line.begin(), {Colour::kPlain, padded(label, kLabelColumns)});
    add(line);
  }
  [[nodiscard]] std::vector<ScreenLine> take() { return std::move(lines_); }

 private:
  const TopLayout& layout_;
  std::vector<ScreenLine> lines_;
};

double rate_of(const TopSnapshot& now, const std::string& outcome) {
  const auto found = now.outcomes_per_s().find(outcome);
  return found == now.outcomes_per_s().end() ? 0 : found->second;
}

// A count of what should be 0, and how fast it grows.
ColouredText loss(const std::string& name, double count, double per_s) {
  std::string text = name + ' ' + rounded_count(count);
  if (per_s > 0) text += " (+" + rounded_count(std::max(1.0, per_s)) + "/s)";
  const Colour colour = per_s > 0 ? Colour::kRed : count > 0 ? Colour::kYellow : Colour::kPlain;
  return {colour, text};
}

void add_header(Screen& screen, const TopSnapshot& now, const TopLayout& layout) {
  const RecorderStatus& recorder = now.recorder();
  ScreenLine line = {{Colour::kBold, "koegura"},
                     {Colour::kPlain, "  " + local_time(time_of(recorder.at())) +
                                          "  recording for " + uptime_text(recorder.uptime_s())}};
  if (layout.paused) line.push_back({Colour::kYellow, "  paused"});
  screen.add(line);
}

void add_sources(Screen& screen, const TopSnapshot& now) {
  for (const SourceStatus& source : now.recorder().sources()) {
    const std::string name = printable(source.name());
    const std::string label = width_of(name) < kLabelColumns ? name : name + "  ";
    if (!source.error().empty()) {
      screen.add(label, {{Colour::kRed, printable(source.error())}});
      continue;
    }
    screen.add(
        label,
        {{Colour::kPlain, padded_left(rounded_count(source.packets_per_s()), 9) + " packets/s  " +
                              padded_left(bits_text(source.bits_per_s()), 11) + "  "},
         loss("lost", source.lost_ring() + source.lost_interface(), source.lost_per_s())});
  }
}

void add_outcomes(Screen& screen, const TopSnapshot& now) {
  constexpr std::array kOutcomes = {"sip",       "rtp",      "rtcp",      "t38",
                                    "duplicate", "not_voip", "unclaimed", "malformed"};
  std::string text;
  for (const char* outcome : kOutcomes) {
    const double rate = rate_of(now, outcome);
    if (rate > 0) text += std::string(outcome) + ' ' + rounded_count(std::max(1.0, rate)) + "  ";
  }
  screen.add("frames/s", {{Colour::kPlain, text.empty() ? "none" : text}});
  double ring = 0;
  double card = 0;
  double growth = 0;
  for (const SourceStatus& source : now.recorder().sources()) {
    ring += source.lost_ring();
    card += source.lost_interface();
    growth += source.lost_per_s();
  }
  screen.add("losing",
             {loss("lost", ring + card, growth),
              loss("  dropped", total(now.recorder().frames().dropped()), rate_of(now, "dropped")),
              loss("  malformed", total(now.recorder().frames().malformed()), 0),
              loss("  calls failed", now.recorder().calls().failed(), 0)});
}

void add_hearing(Screen& screen, const TopSnapshot& now) {
  const RecorderStatus& recorder = now.recorder();
  const HearingStatus& hearing = recorder.hearing();
  screen.add("hearing",
             {{Colour::kPlain, hearing_text(hearing) + ", " + rounded_count(hearing.streams()) +
                                   " streams (one-way " + rounded_count(hearing.one_way_streams()) +
                                   ", without SIP " + rounded_count(hearing.strangers()) + ")"}});
  int shown = 0;
  for (const FindingStatus& finding : recorder.findings()) {
    if (++shown > kMostFindings) break;
    std::string what = finding.source().empty() ? "" : printable(finding.source()) + ": ";
    what += printable(finding.what());
    screen.add("", {{finding.alarm() ? Colour::kRed : Colour::kYellow, what}});
  }
  if (recorder.findings_size() > kMostFindings) {
    screen.add(
        "", {{Colour::kYellow, "and " + std::to_string(recorder.findings_size() - kMostFindings) +
                                   " more: see koegura status"}});
  }
  const Calls& calls = recorder.calls();
  screen.add("calls", {{Colour::kPlain, rounded_count(calls.in_progress()) + " in progress, " +
                                            rounded_count(hearing.talking()) + " talking; " +
                                            rounded_count(calls.seen()) + " seen, " +
                                            rounded_count(calls.archived()) + " archived, " +
                                            rounded_count(calls.waiting()) + " waiting"}});
  const std::string waiting = waiting_text(recorder);
  if (!waiting.empty()) screen.add("spool", {{Colour::kYellow, waiting}});
}

// ---- the calls ------------------------------------------------------------------------------

struct Row {
  std::string start;
  std::string caller;
  std::string callee;
  std::string state;
  std::string length;
  std::string streams;
  std::string rate;
};

Row row_of(const CallInProgress& call, const std::string& region) {
  constexpr std::size_t kDate = 11;  // "2026-11-21 "
  return {.start = local_time(time_of(call.start())).substr(kDate, kClock),
          .caller = party_text(call.caller(), region),
          .callee = party_text(call.callee(), region),
          .state = call.has_answered() ? "talking" : "ringing",
          .length = clock_text(call.duration_s()),
          .streams = rounded_count(call.streams()),
          .rate = rounded_count(call.packets_per_s())};
}

std::vector<const CallInProgress*> sorted(const TopSnapshot& now, TopSort sort) {
  std::vector<const CallInProgress*> calls;
  calls.reserve(static_cast<std::size_t>(now.calls_size()));
  for (const CallInProgress& call : now.calls()) calls.push_back(&call);
  const auto before = [sort](const CallInProgress* a, const CallInProgress* b) {
    if (sort == TopSort::kLongest) return a->duration_s() > b->duration_s();
    if (sort == TopSort::kBusiest) return a->packets_per_s() > b->packets_per_s();
    return time_of(a->start()) > time_of(b->start());
  };
  std::stable_sort(calls.begin(), calls.end(), before);
  return calls;
}

struct Widths {
  std::size_t caller = 0;
  std::size_t callee = 0;
};

std::string fixed_columns(const Row& row) {
  return std::string(kTopGap, ' ') + padded(row.state, 7) + padded_left(row.length, 2 + 8) +
         padded_left(row.streams, kTopGap + 7) + padded_left(row.rate, kTopGap + 9);
}

// The callee's column is what it needs, and no more than half of what there is.
Widths widths_of(const std::vector<Row>& rows, std::size_t width) {
  const std::size_t fixed = kClock + 2 * kTopGap + width_of(fixed_columns(rows.front()));
  const std::size_t room = std::max(2 * kTopLeastParty, width - std::min(width, fixed));
  Widths widths;
  for (const Row& row : rows) {
    widths.caller = std::max(widths.caller, width_of(row.caller));
    widths.callee = std::max(widths.callee, width_of(row.callee));
  }
  if (widths.caller + widths.callee <= room) return widths;
  widths.callee = std::min(widths.callee, std::max(room / 2, room - std::min(room, widths.caller)));
  widths.caller = std::min(widths.caller, room - widths.callee);
  return widths;
}

std::string before_state(const Row& row, const Widths& widths) {
  const std::string gap(kTopGap, ' ');
  return padded(row.start, kClock) + gap +
         padded(clipped(row.caller, widths.caller), widths.caller) + gap +
         padded(clipped(row.callee, widths.callee), widths.callee);
}

void add_calls(Screen& screen, const TopSnapshot& now, const TopLayout& layout) {
  const auto calls = sorted(now, layout.sort);
  if (calls.empty() || screen.rows_left() < 3) return;
  const std::size_t room = screen.rows_left() - 2;
  const auto in_progress = static_cast<std::size_t>(
      std::max(now.recorder().calls().in_progress(), static_cast<double>(calls.size())));
  std::size_t shown = std::min(room, calls.size());
  if (in_progress > shown && shown == room) --shown;  // the last line says how many are not
  std::vector<Row> rows = {{.start = "START",
                            .caller = "CALLER",
                            .callee = "CALLEE",
                            .state = "STATE",
                            .length = "LENGTH",
                            .streams = "STREAMS",
                            .rate = "PACKETS/S"}};
  for (std::size_t i = 0; i < shown; ++i) rows.push_back(row_of(*calls[i], layout.region));
  const Widths widths = widths_of(rows, layout.width);
  screen.add({});
  for (const Row& row : rows) {
    const bool is_heading = &row == &rows.front();
    const Colour state = row.state == "talking" ? Colour::kGreen : Colour::kYellow;
    const std::string fixed = fixed_columns(row);
    screen.add({{is_heading ? Colour::kBold : Colour::kPlain, before_state(row, widths)},
                {is_heading ? Colour::kBold : state, fixed.substr(0, kTopGap + 7)},
                {is_heading ? Colour::kBold : Colour::kPlain, fixed.substr(kTopGap + 7)}});
  }
  if (in_progress > shown) {
    screen.add({{Colour::kDim, "and " + count_text(in_progress - shown) + " more"}});
  }
}

}  // namespace

std::string plain_text(const ScreenLine& line) {
  std::string text;
  for (const ColouredText& part : line) text += part.text;
  return text;
}

TopSort next(TopSort sort) {
  switch (sort) {
    case TopSort::kNewest:
      return TopSort::kLongest;
    case TopSort::kLongest:
      return TopSort::kBusiest;
    case TopSort::kBusiest:
      break;
  }
  return TopSort::kNewest;
}

std::vector<ScreenLine> draw_top(const TopSnapshot& now, const TopLayout& layout) {
  Screen screen(layout);
  add_header(screen, now, layout);
  add_sources(screen, now);
  add_outcomes(screen, now);
  add_hearing(screen, now);
  add_calls(screen, now, layout);
  return screen.take();
}

}  // namespace koegura::tools
