// RtpReceiver: RTP packets in, streams in the spool. It owns the streams of one receive path from
// their first packet to the moment the call path has taken them.
//
// Every stream that behaves like RTP is spooled from its first packet on, claimed or not: what SDP
// says later is only whose it is. Until enough packets came in sequence (RFC 3550 A.1) or the call
// path adopts it, a stream is on probation and its frames wait for their outcome.
//
// Whose stream it is, is known only after it began. So a full table gives up the oldest stream on
// probation for a new one, and strangers that passed may fill no more than three quarters of it:
// what SDP claims always finds a place.
//
// Padding that does not fit its packet (a misfit) is a defect of RTP and nothing of SRTP, where
// what the last byte says is sealed. The packet is kept in any case, as only decode has the keys;
// where SDP says that the stream is plain it is counted as malformed.
//
// Threads: one, its receive path's.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "capture/accounting.h"
#include "capture/capture.h"
#include "capture/packet.h"
#include "capture/rtp.h"
#include "stream_events.h"
#include "stream_table.h"

namespace koegura::capture {

class RtpReceiver final : public StreamKeeper {
 public:
  // REQUIRES: all of them outlive this.
  RtpReceiver(const CaptureOptions& options, Spool& spool, StreamListener& listener,
              std::uint32_t lane);

  // REQUIRES: looks_like_rtp(packet.payload). Counts the packet's frames, now or once they are
  // judged. `found` is what find gave for the packet, if nothing has changed since.
  void on_rtp(const Packet& packet, Accounting& accounting, RtpStream* found);
  // A datagram towards an endpoint that expects T.38 (UDPTL).
  void on_t38(const Packet& packet, Accounting& accounting);
  [[nodiscard]] bool expects_t38(const Endpoint& destination) const {
    return !t38_endpoints_.empty() && t38_endpoints_.contains(destination);
  }
  // It goes on with a stream of T.38, though it may look like RTP: as UDPTL does whose numbers have
  // come to 0x8000.
  [[nodiscard]] bool goes_on_t38(const Packet& packet) const {
    return expects_t38(packet.destination) && follows_t38(packet);
  }

  // Finding a packet's stream in steps, so that the memory of several packets can be fetched at
  // once: prepare and guess each ask for what the next step looks at. changes() moves when a stream
  // found before may be gone, or be no longer the one.
  [[nodiscard]] std::uint64_t prepare(const StreamKey& key) const;
  [[nodiscard]] RtpStream* guess(std::uint64_t hash, std::uint16_t sequence) const;
  [[nodiscard]] RtpStream* find(const StreamKey& key, std::uint64_t hash) const;
  [[nodiscard]] std::uint64_t changes() const { return changes_; }

  // Once a second or so of the capture's time: ends probations, forgets what is over, and tells
  // what was heard.
  void sweep(Timestamp now);
  // Every tick: what streams have gathered for the spool's flush interval is handed over. Those on
  // probation have nothing worth it.
  void flush_old(Timestamp now);
  // What goes on stays on disk: the process ends.
  void keep_packets();
  // The input is at its end: no probation will end well any more.
  void finish();

  void adopt(std::uint64_t stream, bool may_be_sealed) override;
  void give(std::uint64_t stream, Give how) override;
  void forget(std::uint64_t stream) override;
  void expect_t38(const Endpoint& endpoint, bool expected) override;

  [[nodiscard]] std::uint64_t streams_seen() const { return streams_seen_; }
  // Its packets that found no place.
  [[nodiscard]] std::uint64_t refused() const { return refused_; }
  // Streams on probation, given up for others.
  [[nodiscard]] std::uint64_t given_up() const { return given_up_; }
  // Frames on probation, counted one by one.
  [[nodiscard]] std::uint64_t waiting() const;

 private:
  [[nodiscard]] bool follows_t38(const Packet& packet) const;
  RtpStream* start(const StreamKey& key, MediaKind kind, Timestamp now);
  RtpStream* reborn(RtpStream* stream, const StreamKey& key, Timestamp now);
  [[nodiscard]] bool keep(RtpStream& stream, const Packet& packet, std::size_t payload_bytes);
  static WaitingFrames& waiting_of(RtpStream& stream, Accounting& accounting);
  // waiting: where its frames wait for their outcome.
  void judge(RtpStream& stream, std::uint32_t& waiting, std::uint32_t frames, int ahead);
  static void count_misfits(const RtpStream& stream, std::uint64_t frames, Accounting& accounting);
  void pass(RtpStream& stream);
  void promote(RtpStream& stream);
  void befriend(RtpStream& stream);
  void refuse(RtpStream* stream, const Packet& packet, Accounting& accounting);
  void drop(RtpStream& stream);
  void tell(RtpStream& stream);
  [[nodiscard]] bool has_expired(const RtpStream& stream, Timestamp now) const;
  [[nodiscard]] RtpStream* numbered(std::uint64_t stream) const;

  const CaptureOptions& options_;
  Spool& spool_;
  StreamListener& listener_;
  const std::uint32_t lane_;
  const Duration flush_after_;
  StreamTable table_;
  std::unordered_map<std::uint64_t, RtpStream*> by_number_;
  std::unordered_set<Endpoint, EndpointHash> t38_endpoints_;
  struct Flush {
    Timestamp due;
    std::uint64_t stream = 0;
  };
  std::deque<Flush> flushes_;  // one an active stream, in order of time
  std::uint64_t next_number_ = 1;
  std::uint64_t changes_ = 0;
  std::uint64_t streams_seen_ = 0;
  StreamQueue probation_;
  std::size_t strangers_ = 0;  // active
  std::uint64_t refused_ = 0;
  std::uint64_t given_up_ = 0;
};

}  // namespace koegura::capture
