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
#include "capture/spool_folder.h"

namespace koegura::capture {

// The wall clock and one that is never set, at one moment (steady_stamps.h).
struct ClockSample;

struct TapOptions {
  CaptureOptions capture;
  // Bytes each hand-off between two threads may hold; what finds it full is dropped and counted.
  std::uint32_t hand_off_bytes = 8U << 20U;
  Duration figures_every = std::chrono::seconds(1);  // how old a snapshot may be
  ClockSample (*clocks)() = nullptr;                 // null: the machine's; any thread asks
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

// What the start found of a recorder that was killed, or stopped with calls going on.
struct RecoverySnapshot {
  bool is_done = true;  // false: still reading
  std::uint64_t segments = 0;
  std::uint64_t bytes = 0;
  std::uint64_t packets = 0;
  std::uint64_t damaged_bytes = 0;    // of torn or unreadable stretches, passed over
  std::vector<std::string> problems;  // which, the first ten: file, offset, what is wrong there
  std::uint64_t legs = 0;             // that may go on: they were in progress at the end
  Timestamp from;                     // the last packet before the outage; 1970 if there was none
  double seconds = 0;                 // reading took
};

// A thread, and how long ago it last said that it is well. A thread that is stuck says nothing.
struct Heartbeat {
  std::string thread;  // "rx0", "sip"
  Duration age{};
};

// Figures of the threads as each last told them; exact after stop.
struct TapSnapshot {
  Timestamp started;
  Timestamp at;            // on the capture's clock, as all times here
  Duration wall_offset{};  // at + this is the wall clock's time
  std::vector<SourceSnapshot> sources;
  CaptureStats capture;
  Hearing hearing;
  std::vector<LiveCall> calls;  // newest first
  RecoverySnapshot recovery;
  SpoolFolderStats spool;
  std::vector<Heartbeat> heartbeats;   // always of now
  std::vector<ClockStep> clock_steps;  // of the wall clock since the start, the last 100
  std::string imbalance;  // the hourly check found frames without an outcome: which; else empty
};

// What becomes of the calls that go on.
enum class TapEnd : std::uint8_t {
  kArchive,  // they go to the sink as interrupted
  kKeep,     // they stay in the spool, and the next start goes on with them
};

using Lane = std::vector<std::unique_ptr<PacketSource>>;

class Tap {
 public:
  // Starts the threads. They listen from the first moment; the signalling thread first reads what
  // the spool still holds, and then takes up what was heard since. REQUIRES: every source is live;
  // spool and sink outlive this; the sink's take does not wait: it runs on the signalling thread.
  [[nodiscard]] static std::unique_ptr<Tap> start(const TapOptions& options, SpoolFolder& spool,
                                                  std::vector<Lane> lanes, CallSink& sink);
  virtual ~Tap() = default;  // stops, and archives

  // Reads no more, and closes the sources.
  virtual void stop(TapEnd end) = 0;
  [[nodiscard]] virtual TapSnapshot snapshot() const = 0;
  // True once every source has failed: nothing will come any more.
  [[nodiscard]] virtual bool is_dead() const = 0;
};

}  // namespace koegura::capture
