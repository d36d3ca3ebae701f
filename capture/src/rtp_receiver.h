// RtpReceiver: RTP packets in, streams in the spool. It owns the streams from their first packet to
// the hand-over to their calls.
//
// Every stream that behaves like RTP is spooled from its first packet on, claimed or not: what SDP
// says later is only whose it is. Until enough packets came in sequence (RFC 3550 A.1) or SDP
// claimed it, a stream is on probation and its frames wait for their outcome.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "capture/accounting.h"
#include "capture/capture.h"
#include "capture/packet.h"
#include "capture/rtp.h"
#include "media_join.h"
#include "stream_table.h"

namespace koegura::capture {

class RtpReceiver {
 public:
  // REQUIRES: all of them outlive this.
  RtpReceiver(const CaptureOptions& options, Spool& spool, MediaJoin& join, Accounting& accounting);

  // REQUIRES: looks_like_rtp(packet.payload).
  void on_rtp(const Packet& packet);
  // A datagram towards an endpoint claimed for T.38 (UDPTL).
  void on_t38(const Packet& packet);

  // An endpoint was claimed at this time: streams that waited for it, or that go on under a new
  // owner, are assigned anew.
  void on_claimed(const Endpoint& endpoint, Timestamp at);
  // The leg is handed over: forgets its claims and gives the streams it owned, packets included.
  std::vector<FinishedStream> collect(LegId leg);

  // Once a second or so of the capture's time: ends probations, drops what is over, tells
  // signalling which legs are heard, and gives media-only calls whose every stream has fallen
  // silent.
  std::vector<FinishedCall> sweep(Timestamp now, Signalling& signalling);
  // The input is at its end: the same for everything that is left.
  std::vector<FinishedCall> finish();

  [[nodiscard]] std::uint64_t streams_seen() const { return streams_seen_; }

 private:
  using StreamIndex = std::unordered_map<Endpoint, std::vector<RtpStream*>, EndpointHash>;

  RtpStream* stream_of(const StreamKey& key, Timestamp now);
  RtpStream* start(const StreamKey& key, Timestamp now);
  void keep(RtpStream& stream, const Packet& packet, std::size_t payload_bytes, Outcome outcome);
  void judge(RtpStream& stream, int ahead);
  void promote(RtpStream& stream);
  void take_over(RtpStream& stream);
  void index(RtpStream& stream);
  void unindex(RtpStream& stream);
  void drop(RtpStream& stream);
  void end(RtpStream& stream);
  FinishedStream hand_over(RtpStream& stream, Side side);
  [[nodiscard]] bool has_expired(const RtpStream& stream, Timestamp now) const;
  std::vector<FinishedCall> silent_calls(Timestamp since, const char* reason);
  [[nodiscard]] std::vector<RtpStream*> silent_group(const RtpStream& stream,
                                                     Timestamp since) const;
  FinishedCall media_only_call(const std::vector<RtpStream*>& group, const char* reason);

  const CaptureOptions& options_;
  Spool& spool_;
  MediaJoin& join_;
  Accounting& accounting_;
  StreamTable table_;
  StreamIndex by_endpoint_;  // under source and destination both
  std::vector<std::unique_ptr<RtpStream>> detached_;
  std::uint64_t streams_seen_ = 0;
};

}  // namespace koegura::capture
