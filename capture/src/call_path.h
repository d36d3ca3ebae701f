// CallPath: what the signalling thread does: SIP and the news of streams in, finished calls out.
//
//   (on_datagram | on_tcp_message | streams() | advance)* finish
//
// finish asks the receive paths for every stream's packets: the last calls go to the sink as the
// answers come; is_done says when none is waited for any more.
//
// Threads: one.
#pragma once

#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "capture/capture.h"
#include "capture/tap.h"
#include "copy_filter.h"
#include "stream_directory.h"

namespace koegura::capture {

class CallPath final : SignallingSink {
 public:
  // keepers[n] is lane n's. REQUIRES: all of them outlive this.
  CallPath(const CaptureOptions& options, Spool& spool, std::vector<StreamKeeper*> keepers,
           CallSink& sink);

  // A SIP message or RTCP over UDP, whose outcome is counted.
  void on_datagram(const Packet& packet, Accounting& accounting);
  void on_tcp_message(Timestamp time, const Endpoint& source, const Endpoint& destination,
                      Bytes message, std::span<const TcpSegment> segments);
  [[nodiscard]] StreamListener& streams() { return directory_; }
  void advance(Timestamp now);
  void finish();
  // Instead of finish: what goes on stays on disk for the next start.
  void keep();
  // The recorder was away, and its packets were read again before: what goes on goes on.
  void resume(const Outage& outage);
  // What legs have gathered is given to the disk.
  void flush();
  [[nodiscard]] RecordingHistory& history() { return history_; }
  [[nodiscard]] bool is_done() const { return directory_.waiting_calls() == 0; }

  // Of the calls, streams not counted.
  [[nodiscard]] CaptureStats stats() const;
  [[nodiscard]] Hearing hearing() const;
  // The newest first.
  [[nodiscard]] std::vector<LiveCall> calls_in_progress() const;

 private:
  // The datagrams that carried a leg's SIP and RTCP, on their way into the spool.
  struct LegPackets {
    SpoolRun run;
    Timestamp last_segment;  // of TCP: one segment may carry two messages, and is kept once
    std::uint32_t last_sequence = 0;
  };

  void on_sip(const Packet& packet, Accounting& accounting);
  void on_rtcp(const Packet& packet, Accounting& accounting);
  void note(const SipMessage& message, Timestamp time);
  void keep_segment(LegId leg, const TcpSegment& segment);
  [[nodiscard]] bool keep_datagram(LegId leg, Timestamp time, Bytes ip);

  void on_media(LegId leg, const NegotiatedMedia& media) override;
  void on_released(LegId leg, Timestamp at) override { directory_.release(leg, at); }
  void on_finished(LegId leg, FinishedCall call) override;

  const CaptureOptions options_;
  Spool& spool_;
  std::unique_ptr<Signalling> signalling_;
  RecordingHistory history_;
  StreamDirectory directory_;
  CopyFilter copies_;
  std::unordered_map<LegId, LegPackets> legs_;
  std::vector<LegId> unflushed_;  // legs whose run has something
  Hearing heard_;                 // of SIP
  Timestamp now_;                 // the latest time seen: a capture may be out of order
  Timestamp next_sweep_;
};

}  // namespace koegura::capture
