#include "rtp_receiver.h"

#include <algorithm>

#include "wire.h"

namespace koegura::capture {
namespace {

// RFC 3550 A.1 asks for two packets in sequence; strangers without SDP must show four.
constexpr std::uint8_t kInOrderToPass = 4;
constexpr int kFurthestAhead = 16;  // still "in sequence", loss allowed

std::uint32_t ssrc_of(Bytes rtp) {
  return load_be32(rtp.data() + 8);
}

}  // namespace

RtpReceiver::RtpReceiver(const CaptureOptions& options, Spool& spool, MediaJoin& join,
                         Accounting& accounting)
    : options_(options),
      spool_(spool),
      join_(join),
      accounting_(accounting),
      table_(options.max_streams) {}

void RtpReceiver::on_rtp(const Packet& packet) {
  const auto rtp = parse_rtp(packet.payload);
  RtpStream* stream =
      stream_of({packet.source, packet.destination, ssrc_of(packet.payload)}, packet.time);
  if (!rtp) {
    // Random bytes with two right bits are no broken RTP: only a known stream makes them so.
    const bool known = stream != nullptr && stream->phase == StreamPhase::kActive;
    if (known) accounting_.count(rtp.error(), packet.frames);
    if (!known) accounting_.count(Outcome::kNotVoip, packet.frames);
    return;
  }
  if (stream == nullptr || stream->phase == StreamPhase::kOver) {
    if (stream != nullptr) stream->last = packet.time;
    accounting_.count(Outcome::kUnclaimed, packet.frames);
    return;
  }
  const int ahead = stream->window.ahead(rtp->sequence);
  const bool copy = stream->window.is_copy(rtp->sequence, rtp->timestamp);
  if (stream->phase == StreamPhase::kProbation) {
    keep(*stream, packet, rtp->payload.size(), Outcome::kRtp);
    judge(*stream, ahead);
  } else if (copy) {
    ++stream->duplicates;
    accounting_.count(Outcome::kDuplicate, packet.frames);
  } else {
    keep(*stream, packet, rtp->payload.size(), Outcome::kRtp);
  }
}

void RtpReceiver::on_t38(const Packet& packet) {
  RtpStream* stream = stream_of({packet.source, packet.destination, 0}, packet.time);
  if (stream == nullptr || stream->phase != StreamPhase::kActive) {
    accounting_.count(Outcome::kUnclaimed, packet.frames);
    return;
  }
  stream->kind = MediaKind::kImage;
  keep(*stream, packet, packet.payload.size(), Outcome::kT38);
}

RtpStream* RtpReceiver::stream_of(const StreamKey& key, Timestamp now) {
  RtpStream* stream = table_.find(key);
  if (stream == nullptr) return start(key, now);
  // A sender that talks on long after its call was handed over is something new.
  const bool reborn =
      stream->phase == StreamPhase::kOver && now > stream->over_since + options_.media_hold;
  if (!reborn) return stream;
  drop(*stream);
  return start(key, now);
}

RtpStream* RtpReceiver::start(const StreamKey& key, Timestamp now) {
  RtpStream* stream = table_.insert(key);
  if (stream == nullptr) return nullptr;
  stream->first = now;
  stream->last = now;
  index(*stream);
  if (join_.expects(key)) {
    join_.assign(*stream);
    promote(*stream);
  }
  return stream;
}

void RtpReceiver::keep(RtpStream& stream, const Packet& packet, std::size_t payload_bytes,
                       Outcome outcome) {
  if (!spool_.append(stream.run, packet.time, packet.ip)) {
    accounting_.count(Drop::kSpoolFull, packet.frames);
    return;
  }
  ++stream.packets;
  stream.bytes += payload_bytes;
  stream.last = std::max(stream.last, packet.time);
  if (stream.phase == StreamPhase::kProbation) {
    stream.unaccounted += packet.frames;
  } else {
    accounting_.count(outcome, packet.frames);
  }
}

void RtpReceiver::judge(RtpStream& stream, int ahead) {
  const bool in_order = stream.packets == 1 || (ahead > 0 && ahead <= kFurthestAhead);
  stream.in_order = in_order ? static_cast<std::uint8_t>(stream.in_order + 1) : std::uint8_t{1};
  if (stream.in_order >= kInOrderToPass) promote(stream);
}

void RtpReceiver::promote(RtpStream& stream) {
  if (stream.phase != StreamPhase::kProbation) return;
  stream.phase = StreamPhase::kActive;
  accounting_.count(Outcome::kRtp, stream.unaccounted);
  stream.unaccounted = 0;
  ++streams_seen_;
}

void RtpReceiver::on_claimed(const Endpoint& endpoint, Timestamp at) {
  const auto found = by_endpoint_.find(endpoint);
  if (found == by_endpoint_.end()) return;
  const std::vector<RtpStream*> streams = found->second;  // take_over changes the index
  for (RtpStream* stream : streams) {
    if (stream->phase == StreamPhase::kOver) {
      drop(*stream);
    } else if (!stream->owners.empty() && join_.is_released(*stream)) {
      if (stream->key.destination == endpoint) take_over(*stream);
    } else if (stream->owners.empty() && stream->last + options_.media_hold < at) {
      continue;  // fell silent long before: somebody else's
    } else {
      join_.assign(*stream);
      if (!stream->owners.empty()) promote(*stream);
    }
  }
}

// The endpoint goes to the next call while the last one still lingers: the stream stays with the
// last call as it is, and its next packet starts another.
void RtpReceiver::take_over(RtpStream& stream) {
  unindex(stream);
  stream.phase = StreamPhase::kDetached;
  detached_.push_back(table_.remove(stream));
}

std::vector<FinishedStream> RtpReceiver::collect(LegId leg) {
  std::vector<FinishedStream> finished;
  for (const auto& [stream, owner] : join_.forget(leg)) {
    if (stream->packets != 0) finished.push_back(hand_over(*stream, owner.side));
    if (stream->owners.empty()) end(*stream);
  }
  std::sort(finished.begin(), finished.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return finished;
}

FinishedStream RtpReceiver::hand_over(RtpStream& stream, Side side) {
  return {.side = side,
          .kind = stream.kind,
          .source = stream.key.source,
          .destination = stream.key.destination,
          .ssrc = stream.key.ssrc,
          .first = stream.first,
          .last = stream.last,
          .packets = stream.packets,
          .duplicates = stream.duplicates,
          .bytes = stream.bytes,
          .spooled = spool_.take(stream.run)};
}

// The stream's calls have it all. In the table it stays for a while: late packets of the ended call
// find it, and are told apart from the start of something new.
void RtpReceiver::end(RtpStream& stream) {
  if (stream.phase == StreamPhase::kDetached) {
    std::erase_if(detached_, [&](const auto& held) { return held.get() == &stream; });
    return;
  }
  stream.phase = StreamPhase::kOver;
  stream.over_since = stream.last;
  stream.run = {};
}

bool RtpReceiver::has_expired(const RtpStream& stream, Timestamp now) const {
  if (stream.phase == StreamPhase::kProbation) return stream.first + options_.media_hold < now;
  return stream.phase == StreamPhase::kOver && stream.last + options_.stream_timeout < now;
}

std::vector<FinishedCall> RtpReceiver::sweep(Timestamp now, Signalling& signalling) {
  for (RtpStream* stream : table_.all()) {
    // Only active streams have owners.
    for (const StreamOwner& owner : stream->owners) {
      signalling.on_media_heard(owner.leg, stream->last);
    }
    if (has_expired(*stream, now)) drop(*stream);
  }
  return silent_calls(now - options_.stream_timeout, "media silence");
}

std::vector<FinishedCall> RtpReceiver::finish() {
  for (RtpStream* stream : table_.all()) {
    if (stream->phase == StreamPhase::kProbation) drop(*stream);
  }
  return silent_calls(Timestamp::max(), "capture ended");
}

std::vector<FinishedCall> RtpReceiver::silent_calls(Timestamp since, const char* reason) {
  std::vector<FinishedCall> calls;
  for (RtpStream* stream : table_.all()) {
    // An earlier group may have taken this one with it: then it is over.
    if (stream->phase != StreamPhase::kActive || !stream->owners.empty()) continue;
    const std::vector<RtpStream*> group = silent_group(*stream, since);
    if (!group.empty()) calls.push_back(media_only_call(group, reason));
  }
  return calls;
}

// All unowned streams between the two endpoints, if each has been silent since then.
std::vector<RtpStream*> RtpReceiver::silent_group(const RtpStream& stream, Timestamp since) const {
  std::vector<RtpStream*> group;
  for (RtpStream* other : by_endpoint_.at(stream.key.source)) {
    const bool same_pair = other->key.destination == stream.key.destination ||
                           other->key.source == stream.key.destination;
    if (!same_pair || other->phase != StreamPhase::kActive || !other->owners.empty()) continue;
    if (other->last >= since) return {};
    group.push_back(other);
  }
  std::sort(group.begin(), group.end(),
            [](const auto* a, const auto* b) { return a->first < b->first; });
  return group;
}

// The side heard first stands as the caller: without SIP nothing better is known.
FinishedCall RtpReceiver::media_only_call(const std::vector<RtpStream*>& group,
                                          const char* reason) {
  const StreamKey& first = group.front()->key;
  FinishedCall call;
  call.state = CallState::kMediaOnly;
  call.caller.uri = first.source.to_string();
  call.callee.uri = first.destination.to_string();
  call.start = group.front()->first;
  call.release.reason = reason;
  for (RtpStream* stream : group) {
    call.end = std::max(call.end, stream->last);
    const Side side = stream->key.source == first.source ? Side::kCaller : Side::kCallee;
    call.streams.push_back(hand_over(*stream, side));
    end(*stream);
  }
  return call;
}

void RtpReceiver::index(RtpStream& stream) {
  by_endpoint_[stream.key.source].push_back(&stream);
  if (!(stream.key.source == stream.key.destination)) {
    by_endpoint_[stream.key.destination].push_back(&stream);
  }
}

void RtpReceiver::unindex(RtpStream& stream) {
  for (const Endpoint& endpoint : {stream.key.source, stream.key.destination}) {
    const auto found = by_endpoint_.find(endpoint);
    if (found == by_endpoint_.end()) continue;
    std::erase(found->second, &stream);
    if (found->second.empty()) by_endpoint_.erase(found);
  }
}

// REQUIRES: nobody owns the stream.
void RtpReceiver::drop(RtpStream& stream) {
  accounting_.count(Outcome::kUnclaimed, stream.unaccounted);
  unindex(stream);
  static_cast<void>(table_.remove(stream));
}

}  // namespace koegura::capture
