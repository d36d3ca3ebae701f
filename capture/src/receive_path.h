// ReceivePath: what one receive thread does: frames of its sources in, media into the spool, and
// all that speaks of calls (SIP, RTCP, what is heard of streams) to the call path.
//
//   (on_frames | advance)* finish
//
// RTP packets are handled a batch at a time, so that the memory each of them needs (its stream, the
// end of its run) is fetched while the others are worked on: with thousands of streams none of it
// is in the cache.
//
// Threads: one.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "capture/capture.h"
#include "capture/decapsulation.h"
#include "capture/tcp_reassembly.h"
#include "rtp_receiver.h"

namespace koegura::capture {

// Where a receive path hands over what speaks of calls.
class CallFeed {
 public:
  virtual ~CallFeed() = default;
  // A SIP message or RTCP over UDP, of the source with this number; its outcome is counted there.
  // False: not taken, and not counted.
  [[nodiscard]] virtual bool on_datagram(const Packet& packet, std::uint32_t source) = 0;
  // Its segments are counted here. False: not taken.
  [[nodiscard]] virtual bool on_tcp_message(Timestamp time, const Endpoint& source,
                                            const Endpoint& destination, Bytes message,
                                            std::span<const TcpSegment> segments) = 0;
  // Ten times a second of the frames' time.
  virtual void on_clock(Timestamp now) = 0;
};

class ReceivePath final : TcpMessageSink {
 public:
  // sources: how many, numbered from first_source on. REQUIRES: all of them outlive this.
  struct Place {
    std::uint32_t lane = 0;
    std::uint32_t first_source = 0;
    std::uint32_t sources = 1;
  };
  ReceivePath(const CaptureOptions& options, const Place& place, Spool& spool, CallFeed& feed,
              StreamListener& listener);

  // REQUIRES: source is one of its own.
  void on_frames(std::uint32_t source, std::span<const Frame> frames);
  // The clock has come to now, with or without frames.
  void advance(Timestamp now);
  void finish();
  // After finish: what streams gathered stays on disk.
  void keep_packets() { receiver_.keep_packets(); }

  [[nodiscard]] StreamKeeper& keeper() { return receiver_; }
  [[nodiscard]] const Accounting& accounting(std::uint32_t source) const {
    return sources_[source - place_.first_source].accounting;
  }
  [[nodiscard]] const DecapsulationStats& decapsulation(std::uint32_t source) const {
    return sources_[source - place_.first_source].decapsulation->stats();
  }
  [[nodiscard]] std::uint64_t bytes(std::uint32_t source) const {
    return sources_[source - place_.first_source].bytes;
  }
  [[nodiscard]] Timestamp last_frame(std::uint32_t source) const {
    return sources_[source - place_.first_source].last_frame;
  }
  [[nodiscard]] std::uint64_t streams_seen() const { return receiver_.streams_seen(); }
  // Frames whose outcome is not known yet, counted one by one where they wait.
  [[nodiscard]] std::uint64_t waiting() const;
  // Frames that the call path has, and counts.
  [[nodiscard]] std::uint64_t handed_over() const { return handed_over_; }
  [[nodiscard]] LimitHits limits() const;
  [[nodiscard]] std::uint64_t messages_lost() const { return messages_lost_; }
  [[nodiscard]] Timestamp first_frame() const { return first_frame_; }

 private:
  struct Source {
    Accounting accounting;
    std::unique_ptr<Decapsulation> decapsulation;
    std::unique_ptr<TcpReassembly> tcp;
    std::uint64_t bytes = 0;
    Timestamp last_frame;
  };
  struct Staged {
    Packet packet;
    Accounting* accounting = nullptr;
    std::uint64_t hash = 0;
    RtpStream* stream = nullptr;
  };
  static constexpr std::size_t kBatch = 16;

  void on_frame(std::uint32_t number, Source& source, const Frame& frame);
  void on_packet(std::uint32_t number, Source& source, const Packet& packet);
  void on_udp(std::uint32_t number, Source& source, const Packet& packet);
  void flush();
  void tick(Timestamp now);
  void on_tcp_message(Timestamp time, const Endpoint& source, const Endpoint& destination,
                      Bytes message, std::span<const TcpSegment> segments) override;

  const CaptureOptions options_;
  const Place place_;
  Spool& spool_;
  CallFeed& feed_;
  RtpReceiver receiver_;
  std::vector<Source> sources_;
  std::array<Staged, kBatch> staged_;
  std::size_t staged_count_ = 0;
  std::uint64_t handed_over_ = 0;
  std::uint64_t messages_lost_ = 0;
  Timestamp first_frame_;
  Timestamp next_tick_;
  Timestamp next_sweep_;
};

}  // namespace koegura::capture
