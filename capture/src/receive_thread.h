// ReceiveThread: one lane of a tap: reads its sources, as long as there is anything, and runs their
// receive path. Waits only when no source has a frame.
//
// Threads: run is the thread; figures may be read from any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "capture/spool.h"
#include "capture/tap.h"
#include "hand_off.h"
#include "published.h"
#include "receive_path.h"
#include "steady_stamps.h"

namespace koegura::capture {

// Of the receive side alone: what the signalling thread counts comes on top.
struct LaneFigures {
  std::vector<SourceSnapshot> sources;
  SpoolStats spool;
  std::uint64_t streams = 0;
  std::uint64_t messages_lost = 0;
  LimitHits limits;
  Timestamp first_frame;
  std::string imbalance;
  bool dead = false;  // no source gives frames any more
};

// What stops a tap's threads, in this order.
struct TapPhase {
  std::atomic<bool> stopping = false;  // read no more
  std::atomic<bool> keeping = false;   // set before: streams stay on disk
  std::atomic<bool> done = false;      // every call has its streams
};

// When a thread last said that it is well; any thread may ask.
class Pulse {
 public:
  void beat() { last_.store(now(), std::memory_order_relaxed); }
  [[nodiscard]] Duration age() const {
    return Duration(now() - last_.load(std::memory_order_relaxed));
  }

 private:
  static std::int64_t now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }
  std::atomic<std::int64_t> last_{now()};
};

class ReceiveThread {
 public:
  // start: when the capture's clock began, the same for all threads. REQUIRES: phase outlives this.
  struct Beginning {
    const TapPhase& phase;
    const ClockSample& start;
  };
  ReceiveThread(const TapOptions& options, const ReceivePath::Place& place, Lane sources,
                std::unique_ptr<Spool> spool, const Beginning& beginning);

  void run();
  [[nodiscard]] HandOff& hand_off() { return hand_off_; }
  [[nodiscard]] LaneFigures figures() const { return figures_.read(); }
  [[nodiscard]] const Pulse& pulse() const { return pulse_; }

 private:
  struct Source {
    std::unique_ptr<PacketSource> packets;  // null once it failed, or at the end
    std::string name;
    SourceLosses losses;
    std::string error;
  };

  [[nodiscard]] std::size_t read_all();
  void wait() const;
  void tell_time();
  void close(Source& source);
  [[nodiscard]] LaneFigures count() const;
  void check_balance();

  const ReceivePath::Place place_;
  const Duration figures_every_;
  ClockSample (*const clocks_)();
  const TapPhase& phase_;
  SteadyStamps stamps_;
  std::unique_ptr<Spool> spool_;
  HandOff hand_off_;
  ReceivePath path_;
  std::vector<Source> sources_;
  std::vector<Frame> burst_;
  std::string imbalance_;
  Timestamp now_;
  Timestamp next_figures_;
  Timestamp next_balance_;
  Published<LaneFigures> figures_;
  Pulse pulse_;
};

}  // namespace koegura::capture
