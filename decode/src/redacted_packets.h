// RedactedPackets: which of one stream's packets the archive must leave out, as they tell a digit:
// events, and audio where a tone was silenced. Packets are numbered in order of arrival, as the
// spool has them, from 0.
//
//   (on_packet | leave_out | placed | settle)* ranges
#pragma once

#include <cstdint>
#include <vector>

#include "decode/rendered_call.h"
#include "digit_redaction.h"
#include "format_map.h"

namespace koegura::decode {

class RedactedPackets {
 public:
  // REQUIRES: redaction and formats outlive this.
  RedactedPackets(Side side, const DigitRedaction& redaction, FormatMap& formats)
      : side_(side), redaction_(redaction), formats_(formats) {}

  // Every packet, in order of arrival: an event is left out whatever becomes of it.
  void on_packet(std::uint32_t number, const PayloadMeaning& meaning, Timestamp arrival,
                 capture::Bytes payload);
  void leave_out(std::uint32_t number);
  // Its audio stands here on the timeline, whether it is heard or not.
  void placed(std::uint32_t number, Position from, Position to) {
    placed_.push_back({.number = number, .from = from, .to = to});
  }
  // All digits up to here are known: what was placed before is judged, and forgotten.
  void settle(Position until);
  // In order, not touching each other.
  [[nodiscard]] std::vector<PacketRange> ranges() const { return ranges_; }

 private:
  struct Placed {
    std::uint32_t number = 0;
    Position from = 0;
    Position to = 0;
  };

  Side side_;
  const DigitRedaction& redaction_;
  FormatMap& formats_;
  std::vector<Placed> placed_;
  std::vector<PacketRange> ranges_;
};

}  // namespace koegura::decode
