// DirectJoin: a receive path and the call path on one thread, by plain calls: what HandOff is
// between two.
#pragma once

#include <memory>
#include <utility>

#include "call_path.h"
#include "receive_path.h"

namespace koegura::capture {

class DirectJoin final : public CallFeed, public StreamListener {
 public:
  // REQUIRES: join is called before anything comes; calls outlives this.
  void join(CallPath& calls) { calls_ = &calls; }
  // Of what the call path counted.
  [[nodiscard]] const Accounting& accounting() const { return accounting_; }

  bool on_datagram(const Packet& packet, std::uint32_t /*source*/) override {
    calls_->on_datagram(packet, accounting_);
    return true;
  }
  bool on_tcp_message(Timestamp time, const Endpoint& source, const Endpoint& destination,
                      Bytes message, std::span<const TcpSegment> segments) override {
    calls_->on_tcp_message(time, source, destination, message, segments);
    return true;
  }
  void on_clock(Timestamp now) override { calls_->advance(now); }

  void on_stream_began(StreamRef stream, const StreamKey& key, MediaKind kind,
                       Timestamp at) override {
    calls_->streams().on_stream_began(stream, key, kind, at);
  }
  void on_stream_heard(const StreamNews& news) override { calls_->streams().on_stream_heard(news); }
  void on_stream_gone(StreamRef stream) override { calls_->streams().on_stream_gone(stream); }
  void on_stream_given(StreamRef stream, std::unique_ptr<FinishedStream> given) override {
    calls_->streams().on_stream_given(stream, std::move(given));
  }

 private:
  CallPath* calls_ = nullptr;
  Accounting accounting_;
};

}  // namespace koegura::capture
