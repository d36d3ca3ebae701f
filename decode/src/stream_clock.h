// StreamClock: RTP timestamps → positions on the call's timeline.
//
// Within a segment positions follow the timestamps alone. A segment is anchored by arrival: at the
// lower envelope of (arrival - timestamp) over its first packets, so that one delayed packet does
// not shift it. A packet whose arrival disagrees with its timestamp raises a suspicion; after
// kObservation of look-ahead the envelope tells a stall (the same clock, packets late) from a
// restart or a pause that the clock slept through (a new segment).
//
// What a ClockScout found out beforehand goes first: a segment that agrees with one of its lines is
// anchored there, however the first packets were delayed, and has its rate; where the clock
// wanders, it goes on along the next line without a jump. Without lines, and where they correct
// nothing, positions follow the nominal rate, by integers.
#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "capture/time.h"
#include "clock_line.h"
#include "piece_queue.h"
#include "reorder_window.h"

namespace koegura::decode {

class StreamClock {
 public:
  static constexpr Duration kSuspicion = std::chrono::milliseconds(500);
  static constexpr Duration kObservation = std::chrono::seconds(2);
  // A packet that comes later than the others is waited for no longer (ReorderWindow).
  static constexpr Duration kMostDelay = ReorderWindow::kPatience;
  static constexpr Duration kTolerance = std::chrono::milliseconds(250);

  struct Tick {
    Timestamp arrival;
    std::uint32_t timestamp = 0;
  };

  StreamClock(Timestamp origin, std::uint32_t call_rate) : origin_(origin), call_rate_(call_rate) {}

  // What was found out of the sender's clock. Before the first settle.
  void know(ClockLines lines) { lines_ = std::move(lines); }
  // An elder's, if there is one: they are of more packets, and both hops are to be corrected alike.
  [[nodiscard]] const ClockLines& lines() const {
    const bool elders = elder_ != nullptr && !elder_->lines_.empty();
    return elders ? elder_->lines_ : lines_;
  }
  // The elder clock is of the same SSRC heard on another hop: a segment that agrees with it to
  // kTolerance takes its place, so that both hops' samples coincide. REQUIRES: elder outlives this.
  void follow(const StreamClock& elder) { elder_ = &elder; }

  // Does this packet continue the segment without question?
  [[nodiscard]] bool is_suspicious(const Tick& tick, std::uint32_t clock_rate) const {
    if (clock_rate != clock_rate_) return true;
    const Duration gap = disagreement(last_, tick);
    return gap > kSuspicion || gap < -kSuspicion;
  }
  // Settles a suspicion. ticks: the suspicious packet and those after it, in order of sequence.
  // True if a new segment begins, not before `earliest`. The first of them becomes the last one.
  // REQUIRES: ticks is not empty, clock_rate is not 0.
  bool settle(std::span<const Tick> ticks, std::uint32_t clock_rate, Position earliest);

  // Position of the packet, which becomes the last one. REQUIRES: it is not suspicious.
  Position advance(const Tick& tick);
  // Without becoming the last one: of a late packet.
  [[nodiscard]] Position position(std::uint32_t timestamp) const {
    return position_of(extended(timestamp));
  }

  // The same to a fraction of a sample, of a timestamp that does not wrap (last_extended).
  [[nodiscard]] double place(std::int64_t extended_timestamp) const;
  [[nodiscard]] Position position_of(std::int64_t extended_timestamp) const;
  // The sender's clock is not right, and the segment's positions follow it.
  [[nodiscard]] bool is_corrected() const { return rate_ != 1; }
  // Samples of the call in so many ticks.
  [[nodiscard]] Position length(std::int64_t ticks) const;
  // Samples of the call in a sample of this rate that the sender took.
  [[nodiscard]] double step(std::uint32_t audio_rate) const {
    return call_rate_ * rate_ / audio_rate;
  }

  // Where it would stand by its arrival alone.
  [[nodiscard]] Position arrival_position(Timestamp arrival) const;
  // Timestamp of the last packet, never wrapping within a segment.
  [[nodiscard]] std::int64_t last_extended() const { return last_extended_; }
  [[nodiscard]] Timestamp origin() const { return origin_; }
  [[nodiscard]] bool is_running() const { return clock_rate_ != 0; }

 private:
  // How much more time passed between the arrivals than between the timestamps.
  [[nodiscard]] Duration disagreement(const Tick& before, const Tick& after) const;
  [[nodiscard]] std::int64_t extended(std::uint32_t timestamp) const {
    return last_extended_ + static_cast<std::int32_t>(timestamp - last_.timestamp);
  }
  // When the first of them would have arrived on an idle network, by what came with it.
  [[nodiscard]] Timestamp undelayed(std::span<const Tick> ticks) const;
  void set_rate(double rate);
  [[nodiscard]] Timestamp moment(const ClockLine& line, const Tick& tick) const;
  // The line that comes nearest to the moment, or null.
  [[nodiscard]] const ClockLine* line_of(const Tick& tick, Timestamp undelayed) const;
  // Goes on along the next line, where the packet is on it.
  void turn(const Tick& tick);
  // The segment that begins with these takes its rate and place; not before `earliest`.
  void anchor(std::span<const Tick> ticks, Position earliest);

  Timestamp origin_;
  std::uint32_t call_rate_;
  ClockLines lines_;
  const StreamClock* elder_ = nullptr;
  const ClockLine* line_ = nullptr;  // of lines(): where the last packet was, or null
  std::uint32_t clock_rate_ = 0;
  double rate_ = 1;                  // ClockLine::rate
  double ns_per_tick_ = 0;           // of our time
  std::int64_t first_extended_ = 0;  // of the segment
  Position first_position_ = 0;
  double first_place_ = 0;  // the same, to a fraction, where rate_ is not 1
  Tick last_;
  std::int64_t last_extended_ = 0;
};

}  // namespace koegura::decode
