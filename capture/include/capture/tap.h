// Tap: the capture stage on live sources: receive threads and one signalling thread, for weeks.
//
//   start snapshot* stop snapshot*
//
// A receive thread serves one lane: the sources that show the same flows (every interface that
// libpcap reads; queue n of every DPDK port, as all ports hash alike). So the copies of a packet
// that several ports show meet in one thread, and are told there.
//
// Threads: start and stop on one thread, snapshot on any.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "capture/capture.h"
#include "capture/packet_source.h"

namespace koegura::capture {

struct TapOptions {
  CaptureOptions capture;
  SpoolOptions spool;
  // Bytes each hand-off between two threads may hold; what finds it full is dropped and counted.
  std::uint32_t hand_off_bytes = 8U << 20U;
  Duration figures_every = std::chrono::seconds(1);  // how old a snapshot may be
};

// One source, from the card to the outcome of its frames. received of the accounting counts the
// frames that reached us; losses those that did not.
struct SourceSnapshot {
  std::string name;
  SourceLosses losses;
  Accounting accounting;
  std::uint64_t bytes = 0;        // of the frames received, as on the wire
  std::uint64_t vlan_tagged = 0;  // frames with an 802.1Q or 802.1ad tag
  std::uint64_t tunnelled = 0;    // packets that came out of a tunnel
  Timestamp last_frame;           // 1970 if none came
  std::string error;              // why it gives no more frames; empty while it does
};

// What is heard now, of the streams and legs that go on.
struct Hearing {
  std::uint64_t legs = 0;             // in progress
  std::uint64_t talking = 0;          // answered, and not over
  std::uint64_t unheard = 0;          // talking for over 5 s without any RTP (and not on hold)
  std::uint64_t streams = 0;          // RTP streams with a packet within the last 5 s
  std::uint64_t one_way_streams = 0;  // those whose other direction has had none for so long
  std::uint64_t strangers = 0;        // those that no SIP claimed
  // Since the start.
  std::uint64_t sip_requests = 0;
  std::uint64_t sip_responses = 0;
  Timestamp last_sip;  // 1970 if none came
  Timestamp last_rtp;
};

// A call that goes on, for `top`.
struct LiveCall {
  std::string call_id;
  Identity caller;
  Identity callee;
  Timestamp start;
  std::optional<Timestamp> answered;
  std::uint32_t streams = 0;  // RTP streams that are heard
  std::uint64_t packets = 0;  // of all its streams
};
inline constexpr std::size_t kMostLiveCalls = 200;  // listed: the newest

// Figures of the threads as each last told them; exact after stop.
struct TapSnapshot {
  Timestamp started;
  Timestamp at;
  std::vector<SourceSnapshot> sources;
  CaptureStats capture;
  Hearing hearing;
  std::vector<LiveCall> calls;  // newest first
  std::string imbalance;  // the hourly check found frames without an outcome: which; else empty
};

using Lane = std::vector<std::unique_ptr<PacketSource>>;

class Tap {
 public:
  // Starts the threads. Fails if the spool's folder cannot be written. REQUIRES: every source is
  // live; sink outlives this, and its take does not wait: it runs on the signalling thread.
  [[nodiscard]] static Result<std::unique_ptr<Tap>> start(const TapOptions& options,
                                                          const std::string& spool_directory,
                                                          std::vector<Lane> lanes, CallSink& sink);
  virtual ~Tap() = default;  // stops

  // Reads no more, gives every call that goes on to the sink as interrupted, closes the sources.
  virtual void stop() = 0;
  [[nodiscard]] virtual TapSnapshot snapshot() const = 0;
  // True once every source has failed: nothing will come any more.
  [[nodiscard]] virtual bool is_dead() const = 0;
  // The spool's last write error, of any thread; empty if none.
  [[nodiscard]] virtual std::string spool_error() const = 0;
};

}  // namespace koegura::capture
