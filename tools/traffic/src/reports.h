// What the two ends of a stream put into their RTCP (RFC 3550 §6.4.1): SentBook its sender,
// Reception its receiver. Both are told ahead of time, and asked in order of time.
#pragma once

#include <cstdint>
#include <deque>

#include "capture/time.h"

namespace koegura::traffic {

class SentBook {
 public:
  void sent(Timestamp at, std::uint32_t bytes) { ahead_.push_back({at, bytes}); }
  struct Totals {
    std::uint32_t packets = 0;
    std::uint64_t bytes = 0;
  };
  [[nodiscard]] Totals until(Timestamp time);

 private:
  struct Sent {
    Timestamp at;
    std::uint32_t bytes = 0;
  };
  std::deque<Sent> ahead_;
  Totals totals_;
};

class Reception {
 public:
  // Times are those at which packets and sender reports pass the mirror port. packet counts from
  // the stream's first.
  void arrived(Timestamp at, std::uint32_t packet, std::uint32_t timestamp) {
    packets_.push_back({at, packet, timestamp});
  }
  void reported(Timestamp at, std::uint32_t ntp_middle) { reports_.push_back({at, ntp_middle}); }

  struct Block {
    std::uint32_t received = 0;  // 0: there is nothing to report
    std::uint8_t fraction_lost = 0;
    std::uint32_t cumulative_lost = 0;
    std::uint32_t highest = 0;  // packet
    std::uint32_t jitter = 0;   // ticks
    std::uint32_t last_sender_report = 0;
    Timestamp reported;  // when that one passed
  };
  // Of what had passed until then. tick_ns: of the RTP clock.
  [[nodiscard]] Block block(Timestamp until, double tick_ns);

 private:
  struct Arrival {
    Timestamp at;
    std::uint32_t packet = 0;
    std::uint32_t timestamp = 0;
  };
  struct Report {
    Timestamp at;
    std::uint32_t ntp_middle = 0;
  };
  void measure_jitter(const Arrival& arrival, double tick_ns);

  std::deque<Arrival> packets_;
  std::deque<Report> reports_;
  Block now_;
  Arrival last_;
  double jitter_ = 0;
  std::uint32_t expected_before_ = 0;  // at the last block
  std::uint32_t lost_before_ = 0;
};

}  // namespace koegura::traffic
