#include "receive_path.h"

#include "capture/rtp.h"
#include "capture/sip_message.h"
#include "clock_step.h"
#include "wire.h"

namespace koegura::capture {
namespace {

// How often the timers look, on the capture's clock.
constexpr Duration kTick = std::chrono::milliseconds(100);
constexpr Duration kStreamSweep = std::chrono::seconds(1);
constexpr std::size_t kCacheLine = 64;
constexpr std::size_t kFramesAhead = 4;
constexpr std::size_t kSequenceAt = 2;  // in the RTP header

StreamKey key_of(const Packet& rtp) {
  return {rtp.source, rtp.destination, load_be32(rtp.payload.data() + 8)};
}

// A G.711 packet of 20 ms and its headers are four lines; longer ones the processor follows itself.
void prefetch_frame(Bytes frame) {
  for (std::size_t at = 0; at < frame.size() && at < 4 * kCacheLine; at += kCacheLine) {
    __builtin_prefetch(frame.data() + at);
  }
}

}  // namespace

ReceivePath::ReceivePath(const CaptureOptions& options, const Place& place, Spool& spool,
                         CallFeed& feed, StreamListener& listener)
    : options_(options),
      place_(place),
      spool_(spool),
      feed_(feed),
      receiver_(options_, spool, listener, place.lane),
      sources_(place.sources) {
  for (Source& source : sources_) {
    source.decapsulation = Decapsulation::create(options_.decapsulation, source.accounting);
    source.tcp = TcpReassembly::create(options_.tcp, source.accounting, *this);
  }
}

void ReceivePath::advance(Timestamp now) {
  if (is_due(now, next_tick_)) tick(now);
}

void ReceivePath::on_frames(std::uint32_t number, std::span<const Frame> frames) {
  Source& source = sources_[number - place_.first_source];
  if (frames.empty()) return;
  if (first_frame_ == Timestamp{}) first_frame_ = frames.front().time;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    if (i + kFramesAhead < frames.size()) prefetch_frame(frames[i + kFramesAhead].bytes);
    on_frame(number, source, frames[i]);
  }
  flush();
  source.last_frame = std::max(source.last_frame, frames.back().time);
}

void ReceivePath::on_frame(std::uint32_t number, Source& source, const Frame& frame) {
  ++source.accounting.received;
  source.bytes += frame.wire_length;
  if (is_due(frame.time, next_tick_)) [[unlikely]] {
    flush();
    tick(frame.time);
  }
  Staged& staged = staged_[staged_count_];
  Packet& packet = staged.packet;
  if (!source.decapsulation->on_frame(frame, packet)) return;
  // What was put together from several frames lives only until the next of them.
  if (packet.transport == Transport::kUdp && packet.frames == 1 && looks_like_rtp(packet.payload) &&
      !receiver_.goes_on_t38(packet)) [[likely]] {
    staged.accounting = &source.accounting;
    staged.hash = receiver_.prepare(key_of(packet));
    if (++staged_count_ == kBatch) flush();
    return;
  }
  flush();  // what came first is handled first
  on_packet(number, source, packet);
}

// Three looks at the batch: which streams, where their runs end, and then the packets.
void ReceivePath::flush() {
  const std::span<Staged> batch(staged_.data(), staged_count_);
  staged_count_ = 0;
  const std::uint64_t changes = receiver_.changes();
  for (Staged& staged : batch) {
    staged.stream =
        receiver_.guess(staged.hash, load_be16(staged.packet.payload.data() + kSequenceAt));
  }
  for (Staged& staged : batch) {
    const StreamKey key = key_of(staged.packet);
    const bool right = staged.stream != nullptr && staged.stream->key == key;
    if (!right) staged.stream = receiver_.find(key, staged.hash);
    if (staged.stream != nullptr) Spool::prefetch(staged.stream->run, staged.packet.ip.size());
  }
  for (const Staged& staged : batch) {
    RtpStream* stream = staged.stream;
    if (receiver_.changes() != changes) {
      stream = receiver_.find(key_of(staged.packet), staged.hash);
    }
    receiver_.on_rtp(staged.packet, *staged.accounting, stream);
  }
}

void ReceivePath::on_packet(std::uint32_t number, Source& source, const Packet& packet) {
  switch (packet.transport) {
    case Transport::kUdp:
      return on_udp(number, source, packet);
    case Transport::kTcp:
      return source.tcp->on_packet(packet);
    case Transport::kOther:
      return source.accounting.count(Outcome::kNotVoip, packet.frames);
  }
}

void ReceivePath::on_udp(std::uint32_t number, Source& source, const Packet& packet) {
  if (packet.payload.size() >= 2 && receiver_.goes_on_t38(packet)) {
    return receiver_.on_t38(packet, source.accounting);
  }
  if (looks_like_rtp(packet.payload)) {
    const StreamKey key = key_of(packet);
    return receiver_.on_rtp(packet, source.accounting, receiver_.find(key, key.hash()));
  }
  if (looks_like_rtcp(packet.payload) || looks_like_sip(packet.payload)) {
    if (!feed_.on_datagram(packet, number)) {
      return source.accounting.count(Drop::kHandOffFull, packet.frames);
    }
    handed_over_ += packet.frames;
    return;
  }
  if (receiver_.expects_t38(packet.destination)) {
    return receiver_.on_t38(packet, source.accounting);
  }
  source.accounting.count(Outcome::kNotVoip, packet.frames);
}

void ReceivePath::on_tcp_message(Timestamp time, const Endpoint& source,
                                 const Endpoint& destination, Bytes message,
                                 std::span<const TcpSegment> segments) {
  if (!feed_.on_tcp_message(time, source, destination, message, segments)) ++messages_lost_;
}

void ReceivePath::tick(Timestamp now) {
  for (Source& source : sources_) {
    source.decapsulation->advance(now);
    source.tcp->advance(now);
  }
  receiver_.flush_old(now);
  if (is_due(now, next_sweep_)) {
    receiver_.sweep(now);
    spool_.flush();
    next_sweep_ = now + kStreamSweep;
  }
  next_tick_ = now + kTick;
  feed_.on_clock(now);
}

void ReceivePath::finish() {
  for (Source& source : sources_) {
    source.decapsulation->finish();
    source.tcp->finish();
  }
  receiver_.finish();
}

LimitHits ReceivePath::limits() const {
  LimitHits hits{.streams = receiver_.refused(), .strangers = receiver_.given_up()};
  for (const Source& source : sources_) {
    hits.fragments += source.decapsulation->stats().datagrams_given_up;
    hits.tcp_connections += source.tcp->stats().connections_forgotten;
    hits.tcp_bytes += source.tcp->stats().connections_given_up;
  }
  return hits;
}

std::uint64_t ReceivePath::waiting() const {
  std::uint64_t frames = receiver_.waiting();
  for (const Source& source : sources_) {
    frames += source.decapsulation->waiting() + source.tcp->waiting();
  }
  return frames;
}

}  // namespace koegura::capture
