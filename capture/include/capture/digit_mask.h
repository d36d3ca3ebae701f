// DigitMask: a leg's SIP without the keys that were pressed in it: the bytes that tell them (INFO,
// KPML) become 'X', and UDP's and TCP's checksums are made anew, as the old ones would tell what
// stood there. Over TCP a digit may lie in any segment, alone: so all packets are shown first.
//
//   learn* finish apply*       the same packets twice
//
// Threads: one, but apply is const.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "capture/packet.h"
#include "capture/tcp_reassembly.h"

namespace koegura::capture {

class DigitMask final : TcpMessageSink {
 public:
  DigitMask();
  ~DigitMask() override;
  DigitMask(const DigitMask&) = delete;
  DigitMask& operator=(const DigitMask&) = delete;

  // An IP datagram, in order of arrival.
  void learn(Timestamp time, Bytes ip);
  void finish();
  // Masks it in place. REQUIRES: finished.
  void apply(Timestamp time, std::span<std::byte> ip) const;

 private:
  // One direction of a connection: the addresses' bytes and ports.
  using Flow = std::pair<std::pair<std::array<std::uint8_t, 16>, std::uint16_t>,
                         std::pair<std::array<std::uint8_t, 16>, std::uint16_t>>;
  // Stretches of sequence numbers, by where they begin; each at most kLongest long.
  using Stretches = std::map<std::uint32_t, std::uint32_t>;
  static constexpr std::uint32_t kLongest = 64;

  static Flow flow_of(const Endpoint& source, const Endpoint& destination);
  void on_tcp_message(Timestamp time, const Endpoint& source, const Endpoint& destination,
                      Bytes message, std::span<const TcpSegment> segments) override;
  void mask_learnt(const Packet& packet, std::span<std::byte> payload) const;

  Accounting uncounted_;  // the packets were counted when they were captured
  std::unique_ptr<TcpReassembly> tcp_;
  std::map<Flow, Stretches> learnt_;
};

}  // namespace koegura::capture
