#include "capture/capture.h"

#include "call_path.h"
#include "direct_join.h"
#include "receive_path.h"

namespace koegura::capture {
namespace {

// One receive path and the call path, joined by plain calls: the same input gives the same calls.
class Replay final : public Capture {
 public:
  Replay(const CaptureOptions& options, Spool& spool, CallSink& sink)
      : receive_(options, {}, spool, join_, join_),
        calls_(options, spool, {&receive_.keeper()}, sink) {
    join_.join(calls_);
  }

  void on_frames(std::span<const Frame> frames) override { receive_.on_frames(0, frames); }
  void finish() override;
  [[nodiscard]] Accounting accounting() const override;
  [[nodiscard]] CaptureStats stats() const override;

 private:
  DirectJoin join_;
  ReceivePath receive_;
  CallPath calls_;
};

void Replay::finish() {
  receive_.finish();
  calls_.finish();
}

Accounting Replay::accounting() const {
  Accounting sum = receive_.accounting(0);
  sum += join_.accounting();
  return sum;
}

CaptureStats Replay::stats() const {
  CaptureStats stats = calls_.stats();
  stats.streams = receive_.streams_seen();
  stats.limits += receive_.limits();
  stats.first_frame = receive_.first_frame();
  stats.last_frame = receive_.last_frame(0);
  return stats;
}

}  // namespace

LimitHits& LimitHits::operator+=(const LimitHits& other) {
  fragments += other.fragments;
  tcp_connections += other.tcp_connections;
  tcp_bytes += other.tcp_bytes;
  streams += other.streams;
  strangers += other.strangers;
  legs += other.legs;
  leg_entries += other.leg_entries;
  finished_legs += other.finished_legs;
  return *this;
}

std::unique_ptr<Capture> Capture::create(const CaptureOptions& options, Spool& spool,
                                         CallSink& sink) {
  return std::make_unique<Replay>(options, spool, sink);
}

}  // namespace koegura::capture
