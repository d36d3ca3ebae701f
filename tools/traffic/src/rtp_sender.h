// RtpSender: one stream as the mirror port sees it: the sender's packets by its plan, and what the
// network makes of them: lost, late, swapped, shown twice; and the sender's RTCP.
//
//   while (due() != kNever) emit()
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "call_plan.h"
#include "capture_writer.h"
#include "path.h"
#include "random.h"
#include "reports.h"
#include "sound.h"
#include "srtp_sealer.h"
#include "tournament.h"

namespace koegura::traffic {

enum class LossCause : std::uint8_t {
  kNetwork,  // neither the mirror port nor the receiver had it
  kTap,      // the receiver had it
  kUnsent,   // there never was a packet of that number
};

// Packets in a row that never arrived, for one cause. Counts from the stream's first packet and
// sample.
struct LostRun {
  std::uint32_t packet = 0;
  std::uint32_t packets = 0;
  std::uint64_t sample = 0;
  LossCause cause = LossCause::kNetwork;
};

struct StreamTally {
  std::uint32_t packets = 0;  // distinct ones in the capture
  std::uint32_t duplicates = 0;
  std::uint32_t reordered = 0;
  std::uint32_t reports = 0;  // RTCP
  std::vector<LostRun> lost;
  Timestamp first;
  Timestamp last;
};

class RtpSender {
 public:
  // call: the number of the stream's call. REQUIRES: options, plan, sounds and writer outlive this,
  // and the plan has packets.
  RtpSender(const TrafficOptions& options, std::uint32_t call, const StreamPlan& plan,
            std::span<const Sound> sounds, CaptureWriter& writer);

  // Whoever sends this stream also receives that one, and reports on it. REQUIRES: it outlives
  // this.
  void hears(RtpSender& other) { heard_ = &other; }

  // When the next frame stands in the capture, or a packet passes that the tap loses.
  [[nodiscard]] Timestamp due() const { return std::min(next_packet(), next_report_); }
  void emit();  // REQUIRES: due() != kNever
  [[nodiscard]] const StreamTally& tally() const { return tally_; }

 private:
  // A packet that was sent and has yet to arrive.
  struct InFlight {
    Timestamp sent{};
    Timestamp arrives{};
    const std::byte* payload = nullptr;
    std::uint32_t bytes = 0;
    std::uint32_t packet = 0;  // counts from 0
    std::uint32_t timestamp = 0;
    std::array<std::byte, 4> event{};  // the payload, if payload is null
    bool marker = false;
    bool copy = false;
    bool unseen = false;  // the tap loses it
  };
  static bool arrives_later(const InFlight& a, const InFlight& b);

  [[nodiscard]] Timestamp next_packet() const {
    return in_flight_.empty() ? kNever : in_flight_.front().arrives;
  }
  [[nodiscard]] bool has_more() const { return segment_ < plan_.segments.size(); }
  [[nodiscard]] std::uint32_t next_tick() const { return plan_.segments[segment_].tick + tick_; }
  InFlight take_next();
  InFlight speak(const StreamSegment& segment) const;
  InFlight press(const StreamSegment& segment) const;
  void send_until_order_is_known();
  void send_next();
  [[nodiscard]] std::optional<LossCause> fate_of(const InFlight& packet);
  // False: it gets nowhere.
  [[nodiscard]] bool sets_out(InFlight& packet, std::uint32_t tick);
  // The packet meets its fate.
  void send(InFlight packet, std::uint32_t tick, Timestamp seemingly_sent);
  void deliver(InFlight packet, Timestamp seemingly_sent);
  void lose(const InFlight& packet, std::uint32_t tick, LossCause cause);
  void emit_packet();
  // With the key of the moment it was sent.
  void seal(std::byte* rtp, std::size_t size, Timestamp sent);
  void count(const InFlight& packet);
  void write(const InFlight& packet);
  void emit_report();
  void put_block(std::byte* at, const Reception::Block& block) const;

  const TrafficOptions& options_;
  const StreamPlan& plan_;
  std::span<const Sound> sounds_;
  CaptureWriter& writer_;
  Path path_;
  Path report_path_;
  Random random_;
  Random other_causes_;  // of its own, so that the network does the same with and without them
  std::uint32_t clock_per_tick_;
  std::vector<SrtpSealer> sealers_;  // of the plan's keys
  std::size_t trailer_ = 0;          // bytes of a packet
  RtpSender* heard_ = nullptr;

  std::size_t segment_ = 0;  // the next packet's
  std::uint32_t tick_ = 0;   // … within it
  std::uint32_t sent_ = 0;
  std::uint32_t last_packet_;  // the stream's
  SentBook book_;
  Reception reception_;              // by its receiver
  std::vector<InFlight> in_flight_;  // a heap, the next to arrive first
  std::uint32_t highest_ = 0;        // packet that arrived
  Timestamp next_report_ = kNever;
  StreamTally tally_;
};

}  // namespace koegura::traffic
