#include "rtp_receiver.h"

#include <algorithm>
#include <utility>

#include "clock_step.h"
#include "wire.h"

namespace koegura::capture {
namespace {

// RFC 3550 A.1 asks for two packets in sequence; strangers without SDP must show four.
constexpr std::uint8_t kInOrderToPass = 4;
constexpr int kFurthestAhead = 16;  // still "in sequence", loss allowed
// What strangers leave of the table.
constexpr std::size_t kClaimedShare = 4;

// Half of the interval here; a tick, the writer's sync and the disk have the other half.
Duration flush_after(const Spool& spool) {
  const Duration interval = spool.flush_interval();
  return interval == Duration::max() ? interval : interval / 2;
}

std::uint64_t frames_in(const WaitingFrames& waiting) {
  return std::uint64_t{waiting.frames} + waiting.copies + waiting.misfits;
}

// UDPTL has a sequence number (T.38 §9.1) and no timestamp: what it carries tells a copy.
std::uint32_t fingerprint(Bytes payload) {
  std::uint64_t hash = payload.size();
  for (const std::byte octet : payload) hash = mix(hash, std::to_integer<std::uint64_t>(octet));
  return static_cast<std::uint32_t>(hash);
}

}  // namespace

RtpReceiver::RtpReceiver(const CaptureOptions& options, Spool& spool, StreamListener& listener,
                         std::uint32_t lane)
    : options_(options),
      spool_(spool),
      listener_(listener),
      lane_(lane),
      flush_after_(flush_after(spool)),
      table_(options.max_streams) {}

std::uint64_t RtpReceiver::prepare(const StreamKey& key) const {
  const std::uint64_t hash = key.hash();
  table_.prefetch(hash);
  return hash;
}

RtpStream* RtpReceiver::guess(std::uint64_t hash, std::uint16_t sequence) const {
  RtpStream* stream = table_.guess(hash);
  if (stream == nullptr) return nullptr;
  constexpr std::size_t kLine = 64;
  const auto* const at = reinterpret_cast<const std::byte*>(stream);
  for (std::size_t line = 0; line < 3; ++line) __builtin_prefetch(at + line * kLine, 1);
  stream->window.prefetch(sequence);
  return stream;
}

RtpStream* RtpReceiver::find(const StreamKey& key, std::uint64_t hash) const {
  return table_.find(key, hash);
}

void RtpReceiver::on_rtp(const Packet& packet, Accounting& accounting, RtpStream* found) {
  auto rtp = parse_padded_rtp(packet.payload);
  RtpStream* stream = found;
  if (stream == nullptr || stream->phase == StreamPhase::kOver) {
    const StreamKey key{packet.source, packet.destination, load_be32(packet.payload.data() + 8)};
    if (rtp) stream = reborn(stream, key, packet.time);
  }
  if (!rtp) {
    // Random bytes with two right bits are no broken RTP: only a known stream makes them so.
    const bool known = stream != nullptr && stream->phase == StreamPhase::kActive;
    if (known) accounting.count(rtp.error(), packet.frames);
    if (!known) accounting.count(Outcome::kNotVoip, packet.frames);
    return;
  }
  if (stream == nullptr || stream->phase == StreamPhase::kOver) {
    return refuse(stream, packet, accounting);
  }
  const int ahead = stream->window.ahead(rtp->sequence);
  if (stream->window.is_copy(rtp->sequence, rtp->timestamp)) {
    ++stream->duplicates;
    if (stream->phase == StreamPhase::kActive) {
      return accounting.count(Outcome::kDuplicate, packet.frames);
    }
    waiting_of(*stream, accounting).copies += packet.frames;
    return;
  }
  const bool fits = take_off_padding(*rtp);
  if (!keep(*stream, packet, rtp->payload.size())) {
    return accounting.count(Drop::kSpoolFull, packet.frames);
  }
  if (stream->phase == StreamPhase::kActive) [[likely]] {
    if (!fits) return count_misfits(*stream, packet.frames, accounting);
    return accounting.count(Outcome::kRtp, packet.frames);
  }
  WaitingFrames& waiting = waiting_of(*stream, accounting);
  judge(*stream, fits ? waiting.frames : waiting.misfits, packet.frames, ahead);
}

void RtpReceiver::on_t38(const Packet& packet, Accounting& accounting) {
  const StreamKey key{packet.source, packet.destination, 0};
  RtpStream* stream = table_.find(key, key.hash());
  if (stream == nullptr || stream->phase == StreamPhase::kOver) {
    stream = reborn(stream, key, packet.time);
    if (stream != nullptr) promote(*stream);  // nobody sends here but who was asked to
  }
  if (stream == nullptr || stream->phase != StreamPhase::kActive) {
    return refuse(stream, packet, accounting);
  }
  if (packet.payload.size() >= 2 &&
      stream->window.is_copy(load_be16(packet.payload.data()), fingerprint(packet.payload))) {
    ++stream->duplicates;
    return accounting.count(Outcome::kDuplicate, packet.frames);
  }
  if (!keep(*stream, packet, packet.payload.size())) {
    return accounting.count(Drop::kSpoolFull, packet.frames);
  }
  accounting.count(Outcome::kT38, packet.frames);
}

bool RtpReceiver::follows_t38(const Packet& packet) const {
  constexpr int kNear = 256;
  const StreamKey key{packet.source, packet.destination, 0};
  const RtpStream* stream = table_.find(key, key.hash());
  if (stream == nullptr || stream->kind != MediaKind::kImage) return false;
  const int ahead = stream->window.ahead(load_be16(packet.payload.data()));
  return ahead > -kNear && ahead < kNear;
}

// The table is full, or the stream's calls were handed over.
void RtpReceiver::refuse(RtpStream* stream, const Packet& packet, Accounting& accounting) {
  if (stream != nullptr) {
    stream->last = packet.time;
  } else {
    ++refused_;
  }
  accounting.count(Outcome::kUnclaimed, packet.frames);
}

// A sender that talks on long after its call was handed over is something new.
RtpStream* RtpReceiver::reborn(RtpStream* stream, const StreamKey& key, Timestamp now) {
  const MediaKind kind =
      key.ssrc == 0 && expects_t38(key.destination) ? MediaKind::kImage : MediaKind::kAudio;
  if (stream == nullptr) return start(key, kind, now);
  if (now <= stream->over_since + options_.media_hold) return stream;
  drop(*stream);
  return start(key, kind, now);
}

RtpStream* RtpReceiver::start(const StreamKey& key, MediaKind kind, Timestamp now) {
  if (listener_.is_busy()) return nullptr;
  RtpStream* stream = table_.insert(key);
  if (stream == nullptr && probation_.oldest() != nullptr) {
    ++given_up_;
    drop(*probation_.oldest());
    stream = table_.insert(key);
  }
  if (stream == nullptr) return nullptr;
  ++changes_;
  probation_.add(*stream);
  stream->first = now;
  stream->last = now;
  stream->kind = kind;
  stream->number = next_number_++;
  by_number_.emplace(stream->number, stream);
  listener_.on_stream_began({stream->number, lane_}, key, kind, now);  // may adopt it at once
  return stream;
}

bool RtpReceiver::keep(RtpStream& stream, const Packet& packet, std::size_t payload_bytes) {
  if (!spool_.append(stream.run, packet.time, packet.ip)) return false;
  ++stream.packets;
  stream.bytes += payload_bytes;
  stream.last = std::max(stream.last, packet.time);
  stream.told = false;
  return true;
}

WaitingFrames& RtpReceiver::waiting_of(RtpStream& stream, Accounting& accounting) {
  for (WaitingFrames& waiting : stream.waiting) {
    if (waiting.accounting == &accounting) return waiting;
  }
  stream.waiting.push_back({.accounting = &accounting});
  return stream.waiting.back();
}

// Of an active stream.
void RtpReceiver::count_misfits(const RtpStream& stream, std::uint64_t frames,
                                Accounting& accounting) {
  if (stream.plain) return accounting.count(Defect::kRtpBadHeader, frames);
  accounting.count(Outcome::kRtp, frames);
}

void RtpReceiver::judge(RtpStream& stream, std::uint32_t& waiting, std::uint32_t frames,
                        int ahead) {
  waiting += frames;
  const bool in_order = stream.packets == 1 || (ahead > 0 && ahead <= kFurthestAhead);
  stream.in_order = in_order ? static_cast<std::uint8_t>(stream.in_order + 1) : std::uint8_t{1};
  if (stream.in_order >= kInOrderToPass) pass(stream);
}

// Of a stranger's stream.
void RtpReceiver::pass(RtpStream& stream) {
  if (strangers_ >= options_.max_streams - options_.max_streams / kClaimedShare) {
    ++refused_;
    return;
  }
  stream.stranger = true;
  ++strangers_;
  promote(stream);
}

void RtpReceiver::befriend(RtpStream& stream) {
  if (std::exchange(stream.stranger, false)) --strangers_;
}

void RtpReceiver::promote(RtpStream& stream) {
  if (stream.phase != StreamPhase::kProbation) return;
  stream.phase = StreamPhase::kActive;
  probation_.remove(stream);
  for (const WaitingFrames& waiting : stream.waiting) {
    waiting.accounting->count(Outcome::kRtp, waiting.frames);
    waiting.accounting->count(Outcome::kDuplicate, waiting.copies);
    count_misfits(stream, waiting.misfits, *waiting.accounting);
  }
  stream.waiting = {};
  ++streams_seen_;
  if (flush_after_ != Duration::max()) flushes_.push_back({stream.last, stream.number});
}

void RtpReceiver::flush_old(Timestamp now) {
  while (!flushes_.empty() && is_due(now, flushes_.front().due)) {
    const Flush flush = flushes_.front();
    flushes_.pop_front();
    RtpStream* stream = numbered(flush.stream);
    if (stream == nullptr || stream->phase == StreamPhase::kOver) continue;
    spool_.hand_over(stream->run);
    flushes_.push_back({now + flush_after_, flush.stream});
  }
}

void RtpReceiver::keep_packets() {
  for (RtpStream* stream : table_.all()) keep_on_disk(spool_.take(stream->run).runs());
}

RtpStream* RtpReceiver::numbered(std::uint64_t stream) const {
  const auto found = by_number_.find(stream);
  return found == by_number_.end() ? nullptr : found->second;
}

void RtpReceiver::adopt(std::uint64_t number, bool may_be_sealed) {
  RtpStream* stream = numbered(number);
  if (stream == nullptr) return;
  stream->plain = !may_be_sealed;
  befriend(*stream);
  promote(*stream);
}

void RtpReceiver::give(std::uint64_t number, Give how) {
  RtpStream* stream = numbered(number);
  if (stream == nullptr) return;
  auto given =
      std::make_unique<FinishedStream>(FinishedStream{.side = Side::kCaller,
                                                      .kind = stream->kind,
                                                      .source = stream->key.source,
                                                      .destination = stream->key.destination,
                                                      .ssrc = stream->key.ssrc,
                                                      .first = stream->first,
                                                      .last = stream->last,
                                                      .packets = stream->packets,
                                                      .duplicates = stream->duplicates,
                                                      .bytes = stream->bytes,
                                                      .spooled = spool_.take(stream->run)});
  const StreamRef ref{number, lane_};
  if (how == Give::kEnd) {
    // In the table it stays for a while: late packets of the ended call find it, and are told
    // apart from the start of something new.
    if (stream->phase == StreamPhase::kProbation) probation_.remove(*stream);
    stream->phase = StreamPhase::kOver;
    stream->over_since = stream->last;
    stream->run = {};
  }
  listener_.on_stream_given(ref, std::move(given));
  if (how == Give::kDetach) drop(*stream);
}

void RtpReceiver::forget(std::uint64_t number) {
  RtpStream* stream = numbered(number);
  if (stream != nullptr && stream->phase == StreamPhase::kOver) drop(*stream);
}

void RtpReceiver::expect_t38(const Endpoint& endpoint, bool expected) {
  if (expected) {
    t38_endpoints_.insert(endpoint);
  } else {
    t38_endpoints_.erase(endpoint);
  }
}

bool RtpReceiver::has_expired(const RtpStream& stream, Timestamp now) const {
  if (stream.phase == StreamPhase::kProbation) return stream.first + options_.media_hold < now;
  return stream.phase == StreamPhase::kOver && stream.last + options_.stream_timeout < now;
}

void RtpReceiver::sweep(Timestamp now) {
  for (RtpStream* stream : table_.all()) {
    if (has_expired(*stream, now)) {
      drop(*stream);
    } else {
      tell(*stream);
    }
  }
}

void RtpReceiver::finish() {
  for (RtpStream* stream : table_.all()) {
    if (stream->phase == StreamPhase::kProbation) {
      drop(*stream);
    } else {
      tell(*stream);
    }
  }
}

void RtpReceiver::tell(RtpStream& stream) {
  if (stream.told || stream.phase == StreamPhase::kOver) return;
  stream.told = true;
  listener_.on_stream_heard({.stream = {stream.number, lane_},
                             .last = stream.last,
                             .packets = stream.packets,
                             .active = stream.phase == StreamPhase::kActive});
}

void RtpReceiver::drop(RtpStream& stream) {
  for (const WaitingFrames& waiting : stream.waiting) {
    waiting.accounting->count(Outcome::kUnclaimed, frames_in(waiting));
  }
  listener_.on_stream_gone({stream.number, lane_});
  befriend(stream);
  if (stream.phase == StreamPhase::kProbation) probation_.remove(stream);
  by_number_.erase(stream.number);
  static_cast<void>(table_.remove(stream));
  ++changes_;
}

std::uint64_t RtpReceiver::waiting() const {
  std::uint64_t frames = 0;
  for (const RtpStream* stream : table_.all()) {
    for (const WaitingFrames& waiting : stream->waiting) frames += frames_in(waiting);
  }
  return frames;
}

}  // namespace koegura::capture
