// RtpStatistics: what RFC 3550 lets a receiver say about one stream, and a MOS from it. Fed in
// order of arrival.
#pragma once

#include <cstdint>

#include "format_map.h"
#include "reorder_window.h"

namespace koegura::decode {

class RtpStatistics {
 public:
  // The packet begins a new numbering, or is the first after an outage: what lies between is no
  // loss and no jitter.
  void on_restart() {
    open_numbering_ = false;
    jitter_clock_ = 0;
  }
  void on_packet(const StreamPacket& packet);
  void on_duplicate() { ++duplicates_; }

  [[nodiscard]] std::uint32_t packets() const { return packets_; }
  [[nodiscard]] std::uint32_t lost() const;
  [[nodiscard]] std::uint32_t duplicates() const { return duplicates_; }
  [[nodiscard]] std::uint32_t reordered() const { return reordered_; }
  [[nodiscard]] double jitter_ms() const { return jitter_ns_ / 1e6; }
  // 1.0 to 4.5 by the E-model (ITU-T G.107), simplified: loss taken as random, a fixed delay, no
  // echo, the codec's row for the rest. 0 without a codec.
  [[nodiscard]] double mos(const Codec* codec) const;

 private:
  void measure_jitter(const StreamPacket& packet);

  std::uint32_t packets_ = 0;
  std::uint32_t duplicates_ = 0;
  std::uint32_t reordered_ = 0;
  bool open_numbering_ = false;
  std::int64_t expected_before_ = 0;  // of earlier numberings
  std::int64_t lowest_ = 0;
  std::int64_t highest_ = 0;
  double jitter_ns_ = 0;
  std::uint32_t jitter_clock_ = 0;  // 0: no packet to compare with
  Timestamp last_arrival_;
  std::uint32_t last_timestamp_ = 0;
};

}  // namespace koegura::decode
