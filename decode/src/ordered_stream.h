// OrderedStream: one stream's packets out of the spool, in the order of their sequence numbers.
//
//   (front look_ahead? pop)* until front gives null
#pragma once

#include <utility>
#include <vector>

#include "capture/finished_call.h"
#include "capture/rtp.h"
#include "format_map.h"
#include "outage_map.h"
#include "payload_sketch.h"
#include "red.h"
#include "red_copies.h"
#include "redacted_packets.h"
#include "reorder_window.h"
#include "rtp_statistics.h"
#include "stream_decryptor.h"

namespace koegura::decode {

class OrderedStream {
 public:
  // REQUIRES: all outlive this.
  OrderedStream(const capture::FinishedCall& call, const capture::FinishedStream& stream,
                FormatMap& formats, const OutageMap& outages)
      : reader_(stream.spooled),
        decryptor_(call, stream),
        formats_(formats),
        outages_(outages),
        sketch_(call.start) {}

  // Shows it every packet. REQUIRES: it outlives this.
  void show_to(RedactedPackets& redacted) { redacted_ = &redacted; }

  // The packet whose turn it is, or null at the end. Valid until pop or look_ahead.
  [[nodiscard]] Result<const StreamPacket*> front();
  // REQUIRES: front gave a packet.
  void pop();
  // Reads on until packets have arrived this long after the front one, the window is full, or the
  // stream is over. The front packet stays in front, unless it was the first of a numbering and one
  // before it turned up.
  [[nodiscard]] Result<void> look_ahead(Duration duration);
  // The packet behind this one in the window, or null. After look_ahead.
  [[nodiscard]] const StreamPacket* after(const StreamPacket& packet) const {
    return window_.after(packet.sequence);
  }

  // Packets that came when their place had been given up, since the last call. Their
  // payload is gone.
  [[nodiscard]] std::vector<StreamPacket> take_late() { return std::exchange(late_, {}); }
  // The packet begins a new numbering: the sender restarted, or the recorder was away. Sixteen bits
  // do not tell how many packets there were in an outage, and none of them was lost on the way.
  [[nodiscard]] bool is_restart(const StreamPacket& packet) const {
    return packet.sequence >= numbering_from_ && !popped_of_numbering_;
  }
  [[nodiscard]] const RtpStatistics& statistics() const { return statistics_; }
  [[nodiscard]] const StreamDecryptor& decryptor() const { return decryptor_; }
  // For what is to be watched from the first packet on.
  [[nodiscard]] RtpStatistics& statistics() { return statistics_; }
  // Of what may be voice, whether it can be decoded or not; late packets as well.
  [[nodiscard]] const PayloadSketch& sketch() const { return sketch_; }

 private:
  // Reads packets until one is worth waiting for or the spool is at its end.
  [[nodiscard]] Result<void> read();
  [[nodiscard]] std::int64_t extend(std::uint16_t sequence, bool after_outage);
  // False: its place has been given up.
  [[nodiscard]] bool is_in_time(std::int64_t sequence);
  void hold_arrived();
  void note_late();
  // Takes a payload of RFC 2198 apart: what it says first becomes the packet's own, what it says
  // again is kept.
  void unpack(StreamPacket& packet);
  // A copy of what is missing before this one, or itself.
  [[nodiscard]] const StreamPacket* repair_or(const StreamPacket& held);

  capture::SpoolReader reader_;
  StreamDecryptor decryptor_;
  std::uint32_t read_ = 0;               // packets
  RedactedPackets* redacted_ = nullptr;  // or null
  FormatMap& formats_;
  const OutageMap& outages_;
  std::size_t outages_over_ = 0;  // when the latest packet arrived
  ReorderWindow window_;
  RtpStatistics statistics_;
  PayloadSketch sketch_;
  StreamPacket arrived_;  // read, neither held nor given yet
  bool has_arrived_ = false;
  RedPayload red_;
  RedCopies copies_;
  StreamPacket repair_;  // given by front, if is_repair_
  bool is_repair_ = false;
  std::uint32_t last_timestamp_ = 0;  // of the latest packet given out
  bool at_end_ = false;
  Timestamp newest_;  // arrival
  std::int64_t highest_ = 0;
  bool began_ = false;                // there was a packet
  std::int64_t numbering_from_ = 0;   // numbers from here on belong to the latest numbering
  bool popped_of_numbering_ = false;  // one of those was given out
  std::vector<StreamPacket> late_;
};

}  // namespace koegura::decode
