// Capture: the first stage as one object: frames in, finished calls out.
//
//   on_frames* finish
//
// Threads: one. For live sources see tap.h: the same parts, in threads of their own.
#pragma once

#include <memory>
#include <span>

#include "capture/accounting.h"
#include "capture/decapsulation.h"
#include "capture/finished_call.h"
#include "capture/signalling.h"
#include "capture/spool.h"
#include "capture/tcp_reassembly.h"

namespace koegura::capture {

struct CaptureOptions {
  DecapsulationOptions decapsulation;
  TcpReassemblyOptions tcp;
  SignallingOptions signalling;
  Duration media_hold = std::chrono::seconds(5);       // how long RTP waits for its SDP
  Duration stream_timeout = std::chrono::seconds(60);  // a stream without packets is over
  std::uint32_t max_streams = 65536;
};

// How often a bound on what the wire can fill was met, and what gave way.
struct LimitHits {
  std::uint64_t fragments = 0;        // datagrams in reassembly, given up for newer ones
  std::uint64_t tcp_connections = 0;  // connections forgotten for newer ones
  std::uint64_t tcp_bytes = 0;        // connections given up for what they held
  std::uint64_t streams = 0;          // packets of streams that found no place
  std::uint64_t strangers = 0;        // streams on probation, given up for newer ones
  std::uint64_t legs = 0;             // messages that would have begun one more leg
  std::uint64_t leg_entries = 0;      // digits, holds, media, streams, … beyond one leg's share
  std::uint64_t finished_legs = 0;    // forgotten early: a late repetition may look like a new leg

  LimitHits& operator+=(const LimitHits& other);
};

struct CaptureStats {
  SignallingStats signalling;
  SpoolStats spool;
  std::uint64_t streams = 0;  // RTP streams seen
  std::uint64_t media_only_calls = 0;
  std::uint64_t messages_lost = 0;  // SIP over TCP that found the hand-off full; frames are counted
  LimitHits limits;
  Timestamp first_frame;
  Timestamp last_frame;
};

class Capture {
 public:
  // REQUIRES: spool and sink outlive this.
  static std::unique_ptr<Capture> create(const CaptureOptions& options, Spool& spool,
                                         CallSink& sink);
  virtual ~Capture() = default;

  virtual void on_frames(std::span<const Frame> frames) = 0;
  // The input is at its end: every call still going on is finished as interrupted.
  virtual void finish() = 0;
  [[nodiscard]] virtual Accounting accounting() const = 0;
  [[nodiscard]] virtual CaptureStats stats() const = 0;
};

}  // namespace koegura::capture
