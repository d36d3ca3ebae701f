// StreamClock: RTP timestamps → positions on the call's timeline.
//
// Within a segment positions follow the timestamps alone. A segment is anchored by arrival: at the
// lower envelope of (arrival - timestamp) over its first packets, so that one delayed packet does
// not shift it. A packet whose arrival disagrees with its timestamp raises a suspicion; after
// kObservation of look-ahead the envelope tells a stall (the same clock, packets late) from a
// restart or a pause that the clock slept through (a new segment).
//
// Drift between the sender's clock and ours would be corrected here, in position(): a segment
// would carry a slowly changing rate instead of the nominal one.
#pragma once

#include <cstdint>
#include <span>

#include "capture/time.h"
#include "piece_queue.h"

namespace koegura::decode {

class StreamClock {
 public:
  static constexpr Duration kSuspicion = std::chrono::milliseconds(500);
  static constexpr Duration kObservation = std::chrono::seconds(2);
  static constexpr Duration kBreak = std::chrono::seconds(2);
  static constexpr Duration kTolerance = std::chrono::milliseconds(250);

  struct Tick {
    Timestamp arrival;
    std::uint32_t timestamp = 0;
  };

  StreamClock(Timestamp origin, std::uint32_t call_rate) : origin_(origin), call_rate_(call_rate) {}

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
  [[nodiscard]] Position position_of(std::int64_t extended_timestamp) const;
  [[nodiscard]] Position anchor(std::uint32_t timestamp, Timestamp undelayed) const;

  Timestamp origin_;
  std::uint32_t call_rate_;
  const StreamClock* elder_ = nullptr;
  std::uint32_t clock_rate_ = 0;
  double ns_per_tick_ = 0;
  std::int64_t first_extended_ = 0;  // of the segment
  Position first_position_ = 0;
  Tick last_;
  std::int64_t last_extended_ = 0;
};

}  // namespace koegura::decode
