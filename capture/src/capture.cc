#include "capture/capture.h"

#include <utility>

#include "call_path.h"
#include "receive_path.h"

namespace koegura::capture {
namespace {

// One receive path and the call path, joined by plain calls: the same input gives the same calls.
class Replay final : public Capture, CallFeed, StreamListener {
 public:
  Replay(const CaptureOptions& options, Spool& spool, CallSink& sink)
      : receive_(options, {}, spool, *this, *this),
        calls_(options, spool, {&receive_.keeper()}, sink) {}

  void on_frames(std::span<const Frame> frames) override { receive_.on_frames(0, frames); }
  void finish() override;
  [[nodiscard]] Accounting accounting() const override;
  [[nodiscard]] CaptureStats stats() const override;

 private:
  bool on_datagram(const Packet& packet, std::uint32_t /*source*/) override {
    calls_.on_datagram(packet, handed_over_);
    return true;
  }
  bool on_tcp_message(Timestamp time, const Endpoint& source, const Endpoint& destination,
                      Bytes message, std::span<const TcpSegment> segments) override {
    calls_.on_tcp_message(time, source, destination, message, segments);
    return true;
  }
  void on_clock(Timestamp now) override { calls_.advance(now); }

  void on_stream_began(StreamRef stream, const StreamKey& key, MediaKind kind,
                       Timestamp at) override {
    calls_.streams().on_stream_began(stream, key, kind, at);
  }
  void on_stream_heard(const StreamNews& news) override { calls_.streams().on_stream_heard(news); }
  void on_stream_gone(StreamRef stream) override { calls_.streams().on_stream_gone(stream); }
  void on_stream_given(StreamRef stream, std::unique_ptr<FinishedStream> given) override {
    calls_.streams().on_stream_given(stream, std::move(given));
  }

  Accounting handed_over_;
  ReceivePath receive_;
  CallPath calls_;
};

void Replay::finish() {
  receive_.finish();
  calls_.finish();
}

Accounting Replay::accounting() const {
  Accounting sum = receive_.accounting(0);
  sum += handed_over_;
  return sum;
}

CaptureStats Replay::stats() const {
  CaptureStats stats = calls_.stats();
  stats.streams = receive_.streams_seen();
  stats.first_frame = receive_.first_frame();
  stats.last_frame = receive_.last_frame(0);
  return stats;
}

}  // namespace

std::unique_ptr<Capture> Capture::create(const CaptureOptions& options, Spool& spool,
                                         CallSink& sink) {
  return std::make_unique<Replay>(options, spool, sink);
}

}  // namespace koegura::capture
