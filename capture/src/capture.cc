#include "capture/capture.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "capture/rtp.h"
#include "capture/sip_message.h"
#include "media_join.h"
#include "rtp_receiver.h"

namespace koegura::capture {
namespace {

// How often the timers look, on the capture's clock.
constexpr Duration kTick = std::chrono::milliseconds(100);
constexpr Duration kSweep = std::chrono::seconds(1);

// The way of a packet: decapsulation → SIP, RTP, RTCP or T.38 → signalling or the spool.
class Pipeline final : public Capture, SignallingSink, TcpMessageSink {
 public:
  Pipeline(const CaptureOptions& options, Spool& spool, CallSink& sink)
      : options_(options),
        spool_(spool),
        sink_(sink),
        decapsulation_(Decapsulation::create(options.decapsulation, accounting_)),
        tcp_(TcpReassembly::create(options.tcp, accounting_, *this)),
        signalling_(Signalling::create(options.signalling, *this)),
        receiver_(options_, spool, join_, accounting_) {}

  void on_frames(std::span<const Frame> frames) override;
  void finish() override;
  [[nodiscard]] const Accounting& accounting() const override { return accounting_; }
  [[nodiscard]] CaptureStats stats() const override;

 private:
  // The datagrams that carried a leg's SIP and RTCP, on their way into the spool.
  struct LegPackets {
    SpoolRun run;
    Timestamp last_segment;  // of TCP: one segment may carry two messages, and is kept once
    std::uint32_t last_sequence = 0;
  };

  void on_packet(const Packet& packet);
  void on_udp(const Packet& packet);
  void on_sip(const Packet& packet);
  void on_rtcp(const Packet& packet);
  void tick(Timestamp now);
  void keep_segment(LegId leg, const TcpSegment& segment);
  void give(std::vector<FinishedCall> calls);

  void on_tcp_message(Timestamp time, const Endpoint& source, const Endpoint& destination,
                      Bytes message, std::span<const TcpSegment> segments) override;

  void on_media(LegId leg, const NegotiatedMedia& media) override;
  void on_released(LegId leg, Timestamp at) override { join_.release(leg, at); }
  void on_finished(LegId leg, FinishedCall call) override;

  const CaptureOptions options_;
  Spool& spool_;
  CallSink& sink_;
  Accounting accounting_;
  MediaJoin join_;
  std::unique_ptr<Decapsulation> decapsulation_;
  std::unique_ptr<TcpReassembly> tcp_;
  std::unique_ptr<Signalling> signalling_;
  RtpReceiver receiver_;
  std::unordered_map<LegId, LegPackets> legs_;
  CaptureStats stats_;
  Timestamp now_;  // the latest time seen: a capture may be out of order
  Timestamp next_tick_;
  Timestamp next_sweep_;
};

void Pipeline::on_frames(std::span<const Frame> frames) {
  for (const Frame& frame : frames) {
    if (accounting_.received++ == 0) stats_.first_frame = frame.time;
    if (frame.time >= next_tick_) tick(frame.time);
    now_ = std::max(now_, frame.time);
    Packet packet;
    if (decapsulation_->on_frame(frame, packet)) on_packet(packet);
  }
}

void Pipeline::on_packet(const Packet& packet) {
  switch (packet.transport) {
    case Transport::kUdp:
      return on_udp(packet);
    case Transport::kTcp:
      return tcp_->on_packet(packet);
    case Transport::kOther:
      return accounting_.count(Outcome::kNotVoip, packet.frames);
  }
}

void Pipeline::on_udp(const Packet& packet) {
  if (looks_like_rtp(packet.payload)) return receiver_.on_rtp(packet);
  if (looks_like_rtcp(packet.payload)) return on_rtcp(packet);
  if (looks_like_sip(packet.payload)) return on_sip(packet);
  if (join_.expects_t38(packet.destination)) return receiver_.on_t38(packet);
  accounting_.count(Outcome::kNotVoip, packet.frames);
}

void Pipeline::on_sip(const Packet& packet) {
  const auto message = parse_sip(packet.payload);
  if (!message) return accounting_.count(message.error(), packet.frames);
  const std::optional<LegId> leg =
      signalling_->on_message(packet.time, packet.source, packet.destination, *message);
  if (leg && !spool_.append(legs_[*leg].run, packet.time, packet.ip)) {
    return accounting_.count(Drop::kSpoolFull, packet.frames);
  }
  accounting_.count(Outcome::kSip, packet.frames);
}

void Pipeline::on_rtcp(const Packet& packet) {
  const LegId leg = join_.rtcp_leg(packet.source, packet.destination);
  if (leg != 0 && !spool_.append(legs_[leg].run, packet.time, packet.ip)) {
    return accounting_.count(Drop::kSpoolFull, packet.frames);
  }
  accounting_.count(Outcome::kRtcp, packet.frames);
}

void Pipeline::on_tcp_message(Timestamp time, const Endpoint& source, const Endpoint& destination,
                              Bytes bytes, std::span<const TcpSegment> segments) {
  const auto message = parse_sip(bytes);
  if (!message) return;  // its frames are counted as the connection's
  const std::optional<LegId> leg = signalling_->on_message(time, source, destination, *message);
  if (!leg) return;
  for (const TcpSegment& segment : segments) keep_segment(*leg, segment);
}

void Pipeline::keep_segment(LegId leg, const TcpSegment& segment) {
  LegPackets& packets = legs_[leg];
  const auto parsed = parse_ip(segment.time, segment.ip);
  if (!parsed) return;
  const bool kept_already =
      segment.time == packets.last_segment && parsed->tcp_sequence == packets.last_sequence;
  if (kept_already) return;
  packets.last_segment = segment.time;
  packets.last_sequence = parsed->tcp_sequence;
  static_cast<void>(spool_.append(packets.run, segment.time, segment.ip));
}

void Pipeline::tick(Timestamp now) {
  decapsulation_->advance(now);
  tcp_->advance(now);
  if (now >= next_sweep_) {
    give(receiver_.sweep(now, *signalling_));
    next_sweep_ = now + kSweep;
  }
  signalling_->advance(now);
  next_tick_ = now + kTick;
}

void Pipeline::on_media(LegId leg, const NegotiatedMedia& media) {
  join_.claim(leg, media);
  receiver_.on_claimed(media.endpoint, now_);
}

void Pipeline::on_finished(LegId leg, FinishedCall call) {
  call.streams = receiver_.collect(leg);
  if (const auto found = legs_.find(leg); found != legs_.end()) {
    call.signalling = spool_.take(found->second.run);
    legs_.erase(found);
  }
  sink_.take(std::move(call));
}

void Pipeline::give(std::vector<FinishedCall> calls) {
  for (FinishedCall& call : calls) {
    ++stats_.media_only_calls;
    sink_.take(std::move(call));
  }
}

void Pipeline::finish() {
  decapsulation_->finish();
  tcp_->finish();
  give(receiver_.sweep(now_, *signalling_));  // what was heard since the last tick
  signalling_->finish();
  give(receiver_.finish());
}

CaptureStats Pipeline::stats() const {
  CaptureStats stats = stats_;
  stats.signalling = signalling_->stats();
  stats.spool = spool_.stats();
  stats.streams = receiver_.streams_seen();
  stats.last_frame = now_;
  return stats;
}

}  // namespace

std::unique_ptr<Capture> Capture::create(const CaptureOptions& options, Spool& spool,
                                         CallSink& sink) {
  return std::make_unique<Pipeline>(options, spool, sink);
}

}  // namespace koegura::capture
