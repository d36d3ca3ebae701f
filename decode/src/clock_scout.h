// ClockScout: reads a stream's arrivals and RTP timestamps before it is rendered, and says how its
// sender's clock ran.
//
// A stretch is what one clock counted: it ends where arrivals and timestamps part for good (a
// restart, a pause the clock slept through, another clock rate), not at a stall, after which
// packets are on time again. Of each sixteenth of a second the least delayed packet is kept,
// against the slope known so far; when there are too many of them, intervals double. Three
// stretches and more that one line explains are one: a clock that is 2 % fast is half a second
// ahead after a silence of 25 s. Two would not do: each pair lies on a line.
//
// A clock that wanders within a stretch by more than the dead zone has a line for each piece of it.
//
//   add* finish
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "capture/error.h"
#include "capture/finished_call.h"
#include "clock_fit.h"
#include "clock_line.h"
#include "clock_wander.h"

namespace koegura::decode {

class ClockScout {
 public:
  // So far the nominal rate may stray from the line to either side before it is corrected.
  static constexpr double kDeadZone_ns = 8e6;
  // Half of the 20 ms that a voice may be off: so far a stretch is moved for a drift that is likely
  // and no more, and if there is none, it is in place all the same.
  static constexpr double kMostDoubted_ns = 10e6;

  // In order of arrival; of audio and comfort noise alone (events repeat their timestamps).
  // clock_rate is not 0.
  void add(Timestamp arrival, std::uint32_t timestamp, std::uint32_t clock_rate);
  [[nodiscard]] ClockLines finish();

 private:
  static constexpr double kBreak_ns = 500e6;
  static constexpr Duration kObservation = std::chrono::seconds(2);
  static constexpr double kFirstInterval_ns = 62.5e6;
  static constexpr std::size_t kMostPoints = 4096;
  static constexpr std::size_t kMostStretches = 256;
  static constexpr std::size_t kMostDoubtful = 1024;
  static constexpr std::size_t kFewestDoubtful = 10;  // fewer are strays
  static constexpr double kFirstTrend_ns = 8e9;

  struct Arrived {
    Timestamp at;
    std::uint32_t timestamp = 0;
  };
  // Its points are points_[first_point] to the next stretch's; their nanoseconds count from its
  // first packet.
  struct Stretch {
    Arrived first;
    Timestamp last;
    std::uint32_t clock_rate = 0;
    double ns_per_tick = 0;
    std::size_t first_point = 0;
    std::int64_t first_ticks = 0;  // of the stream, from its first packet
  };

  void begin(const Arrived& first, std::uint32_t clock_rate);
  void take(const Arrived& packet);
  void doubt(const Arrived& packet);
  void begin_doubtful();
  void keep(const ClockPoint& point);
  void coarsen();
  void learn_trend();
  void join();
  // The points of so many stretches, from the first one's packet on.
  [[nodiscard]] std::vector<ClockPoint> union_of(std::size_t first, std::size_t count) const;
  // One line explains them.
  [[nodiscard]] bool are_one(std::size_t first, std::size_t count) const;
  // Of a packet after the last one, in the stretch that goes on.
  [[nodiscard]] ClockPoint point_of(const Arrived& packet) const;
  [[nodiscard]] std::span<const ClockPoint> points_of(std::size_t stretch) const;
  [[nodiscard]] ClockLine line_of(std::size_t stretch, const std::optional<ClockFit>& fit) const;
  // Of a clock that wanders: the pieces instead of the line.
  void append_pieces(std::size_t stretch, const ClockWander& wander, ClockLines& out) const;

  std::vector<Stretch> stretches_;
  std::vector<ClockPoint> points_;
  double interval_ns_ = kFirstInterval_ns;
  double open_until_ns_ = 0;  // the interval of the last point ends there
  double trend_ = 0;          // of the stretch that goes on: its slope, as far as it is known
  double next_trend_ns_ = kFirstTrend_ns;  // on its clock, when that is learnt again
  Arrived last_;                           // of the stretch
  std::int64_t last_ticks_ = 0;            // since its first packet
  ClockPoint last_point_;
  std::vector<Arrived> doubtful_;  // since arrivals and timestamps parted
};

// Reads the headers of the stream's packets, of a long one those of some.
[[nodiscard]] Result<ClockLines> scout_clock(const capture::FinishedCall& call,
                                             const capture::FinishedStream& stream);

}  // namespace koegura::decode
