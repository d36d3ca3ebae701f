// Trunk: the way SIP messages take between the SBC and the PBX: a datagram each, or one TCP
// connection that lasts as long as the capture and carries all calls.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "call_plan.h"
#include "capture_writer.h"
#include "path.h"
#include "traffic/traffic.h"

namespace koegura::traffic {

class Trunk {
 public:
  Trunk(const TrafficOptions& options, const CallPlan& any_call, CaptureWriter& writer);

  // All frames of the message bear this time. REQUIRES: times never go back.
  void send(Timestamp time, Side sender, std::string_view message);
  [[nodiscard]] std::uint64_t frames() const { return frames_; }

 private:
  void send_datagram(Timestamp time, Side sender, std::string_view message);
  void shake_hands(Timestamp time);
  void send_segment(Timestamp time, Side sender, std::string_view data, std::uint8_t flags);

  CaptureWriter& writer_;
  bool tcp_;
  bool connected_ = false;
  std::size_t segment_bytes_;
  std::array<Path, 2> paths_;  // by sender
  std::array<std::uint16_t, 2> packet_ids_{};
  std::array<std::uint32_t, 2> sequences_{};  // TCP: of each sender's next byte
  std::uint64_t frames_ = 0;
};

}  // namespace koegura::traffic
