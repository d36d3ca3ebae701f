#include "stream_directory.h"

#include <algorithm>
#include <utility>

namespace koegura::capture {
namespace {

// What was told a second ago is still told now.
constexpr Duration kNewsAge = std::chrono::seconds(1);
constexpr Duration kHeardWithin = std::chrono::seconds(5);

}  // namespace

StreamDirectory::StreamDirectory(const CaptureOptions& options, std::vector<StreamKeeper*> keepers,
                                 Signalling& signalling, CallSink& sink)
    : options_(options), keepers_(std::move(keepers)), signalling_(signalling), sink_(sink) {}
StreamDirectory::~StreamDirectory() = default;

void StreamDirectory::on_stream_began(StreamRef ref, const StreamKey& key, MediaKind kind,
                                      Timestamp at) {
  auto& place = streams_[ref];
  place = std::make_unique<HeardStream>();
  HeardStream& stream = *place;
  stream.ref = ref;
  stream.key = key;
  stream.kind = kind;
  stream.active = kind == MediaKind::kImage;
  stream.first = at;
  stream.last = at;
  index(stream);
  if (join_.expects(key)) assign(stream);
}

void StreamDirectory::assign(HeardStream& stream) {
  join_.assign(stream);
  if (stream.owners.empty() || stream.adopted) return;
  stream.adopted = true;
  stream.active = true;
  keeper_of(stream).adopt(stream.ref.number);
}

void StreamDirectory::on_stream_heard(const StreamNews& news) {
  const auto found = streams_.find(news.stream);
  if (found == streams_.end()) return;
  HeardStream& stream = *found->second;
  stream.last = news.last;
  stream.packets = news.packets;
  stream.active |= news.active;
  for (const StreamOwner& owner : stream.owners) {
    signalling_.on_media_heard(owner.leg, stream.last);
  }
}

void StreamDirectory::on_stream_gone(StreamRef ref) {
  const auto found = streams_.find(ref);
  if (found == streams_.end()) return;
  HeardStream& stream = *found->second;
  for (const Awaiting& awaiting : std::exchange(stream.answers, {})) arrived(awaiting.call);
  if (stream.phase == HeardPhase::kDetached && stream.given) return;  // its own call will come
  for (const Awaiting& awaiting : std::exchange(stream.detached, {})) arrived(awaiting.call);
  join_.forget(stream);
  erase(stream);
}

void StreamDirectory::claim(LegId leg, const NegotiatedMedia& media, Timestamp now) {
  join_.claim(leg, media);
  tell_t38({media.endpoint});
  on_claimed(media.endpoint, now);
}

void StreamDirectory::release(LegId leg, Timestamp at) {
  join_.release(leg, at);
  tell_t38(join_.endpoints_of(leg));
}

void StreamDirectory::tell_t38(const std::vector<Endpoint>& endpoints) {
  for (const Endpoint& endpoint : endpoints) {
    const bool expected = join_.expects_t38(endpoint);
    const auto told = std::find(t38_.begin(), t38_.end(), endpoint);
    if (expected == (told != t38_.end())) continue;
    if (expected) {
      t38_.push_back(endpoint);
    } else {
      t38_.erase(told);
    }
    for (StreamKeeper* keeper : keepers_) keeper->expect_t38(endpoint, expected);
  }
}

void StreamDirectory::on_claimed(const Endpoint& endpoint, Timestamp at) {
  const auto found = by_endpoint_.find(endpoint);
  if (found == by_endpoint_.end()) return;
  const std::vector<HeardStream*> streams = found->second;  // take_over changes the index
  for (HeardStream* stream : streams) {
    if (stream->phase == HeardPhase::kOver) {
      keeper_of(*stream).forget(stream->ref.number);
    } else if (!stream->owners.empty() && join_.is_released(*stream)) {
      if (stream->key.destination == endpoint) take_over(*stream);
    } else if (stream->owners.empty() && stream->last + options_.media_hold + kNewsAge < at) {
      continue;  // fell silent long before: somebody else's
    } else {
      assign(*stream);
    }
  }
}

// The endpoint goes to the next call while the last one still lingers: the stream stays with the
// last call as it is, and its next packet starts another.
void StreamDirectory::take_over(HeardStream& stream) {
  unindex(stream);
  stream.phase = HeardPhase::kDetached;
  stream.answers.push_back({});
  keeper_of(stream).give(stream.ref.number, Give::kDetach);
}

void StreamDirectory::ask(HeardStream& stream, std::uint64_t call, Side side) {
  ++calls_.at(call).missing;
  const Awaiting awaiting{.call = call, .side = side};
  if (stream.phase == HeardPhase::kDetached) {
    if (!stream.given) return stream.detached.push_back(awaiting);
    return deliver(stream, awaiting, std::make_unique<FinishedStream>(*stream.given));
  }
  const bool last = stream.owners.empty();
  if (last) stream.phase = HeardPhase::kOver;
  stream.answers.push_back(awaiting);
  keeper_of(stream).give(stream.ref.number, last ? Give::kEnd : Give::kCopy);
}

void StreamDirectory::on_stream_given(StreamRef ref, std::unique_ptr<FinishedStream> given) {
  const auto found = streams_.find(ref);
  if (found == streams_.end() || found->second->answers.empty()) return;
  HeardStream& stream = *found->second;
  const Awaiting awaiting = stream.answers.front();
  stream.answers.pop_front();
  if (awaiting.call != 0) return deliver(stream, awaiting, std::move(given));
  stream.given = std::move(given);
  for (const Awaiting& waiter : std::exchange(stream.detached, {})) {
    deliver(stream, waiter, std::make_unique<FinishedStream>(*stream.given));
  }
  erase_if_collected(stream);
}

void StreamDirectory::deliver(const HeardStream& stream, const Awaiting& to,
                              std::unique_ptr<FinishedStream> given) {
  given->side = to.side;
  if (given->kind != MediaKind::kImage) given->kind = stream.kind;
  if (given->packets != 0) calls_.at(to.call).call.streams.push_back(std::move(*given));
  arrived(to.call);
}

void StreamDirectory::arrived(std::uint64_t id) {
  const auto found = calls_.find(id);
  if (found == calls_.end() || --found->second.missing != 0) return;
  FinishedCall call = std::move(found->second.call);
  calls_.erase(found);
  // In the order in which they began, whichever answer came first.
  std::stable_sort(call.streams.begin(), call.streams.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  if (call.state == CallState::kMediaOnly) {
    if (call.streams.empty()) return;
    for (const FinishedStream& stream : call.streams) call.end = std::max(call.end, stream.last);
    ++media_only_calls_;
  }
  sink_.take(std::move(call));
}

void StreamDirectory::finish(LegId leg, FinishedCall call) {
  const std::uint64_t id = next_call_++;
  calls_[id].call = std::move(call);
  const std::vector<Endpoint> endpoints = join_.endpoints_of(leg);
  for (const auto& [stream, owner] : join_.forget(leg)) {
    ask(*stream, id, owner.side);
    erase_if_collected(*stream);
  }
  tell_t38(endpoints);
  arrived(id);
}

void StreamDirectory::finish_silent(Timestamp since, const char* reason) {
  std::vector<HeardStream*> unowned;
  for (const auto& [ref, stream] : streams_) {
    const bool alone = stream->phase == HeardPhase::kGoesOn && stream->owners.empty();
    if (alone && stream->active && stream->last < since) unowned.push_back(stream.get());
  }
  // The same input gives the same calls in the same order.
  std::sort(unowned.begin(), unowned.end(), [](const auto* a, const auto* b) {
    return std::pair(a->ref.lane, a->ref.number) < std::pair(b->ref.lane, b->ref.number);
  });
  for (HeardStream* stream : unowned) {
    // An earlier group may have taken this one with it: then it is over.
    if (stream->phase != HeardPhase::kGoesOn) continue;
    const std::vector<HeardStream*> group = silent_group(*stream, since);
    if (!group.empty()) finish_media_only(group, reason);
  }
}

// All unowned streams between the two endpoints, if each has been silent since then.
std::vector<HeardStream*> StreamDirectory::silent_group(const HeardStream& stream,
                                                        Timestamp since) const {
  std::vector<HeardStream*> group;
  for (HeardStream* other : by_endpoint_.at(stream.key.source)) {
    const bool same_pair = other->key.destination == stream.key.destination ||
                           other->key.source == stream.key.destination;
    const bool alone = other->phase == HeardPhase::kGoesOn && other->owners.empty();
    if (!same_pair || !other->active || !alone) continue;
    if (other->last >= since) return {};
    group.push_back(other);
  }
  std::sort(group.begin(), group.end(),
            [](const auto* a, const auto* b) { return a->first < b->first; });
  return group;
}

// The side heard first stands as the caller: without SIP nothing better is known.
void StreamDirectory::finish_media_only(const std::vector<HeardStream*>& group,
                                        const char* reason) {
  const StreamKey first = group.front()->key;
  const std::uint64_t id = next_call_++;
  FinishedCall& call = calls_[id].call;
  call.state = CallState::kMediaOnly;
  call.caller.uri = first.source.to_string();
  call.callee.uri = first.destination.to_string();
  call.start = group.front()->first;
  call.release.reason = reason;
  for (HeardStream* stream : group) {
    ask(*stream, id, stream->key.source == first.source ? Side::kCaller : Side::kCallee);
  }
  arrived(id);
}

bool StreamDirectory::is_heard(const HeardStream& stream, Timestamp now) const {
  return stream.active && stream.phase == HeardPhase::kGoesOn && stream.last + kHeardWithin >= now;
}

bool StreamDirectory::has_other_direction(const HeardStream& stream, Timestamp now) const {
  const auto found = by_endpoint_.find(stream.key.source);
  return found != by_endpoint_.end() &&
         std::any_of(found->second.begin(), found->second.end(), [&](const HeardStream* other) {
           return other->key.destination == stream.key.source &&
                  other->key.source == stream.key.destination && is_heard(*other, now);
         });
}

Hearing StreamDirectory::hearing(Timestamp now) const {
  Hearing hearing;
  for (const auto& [ref, stream] : streams_) {
    if (stream->active) hearing.last_rtp = std::max(hearing.last_rtp, stream->last);
    if (!is_heard(*stream, now)) continue;
    ++hearing.streams;
    if (stream->owners.empty()) ++hearing.strangers;
    if (!has_other_direction(*stream, now)) ++hearing.one_way_streams;
  }
  return hearing;
}

void StreamDirectory::describe(LegId leg, Timestamp now, LiveCall& call) const {
  for (const HeardStream* stream : join_.streams_of(leg)) {
    call.packets += stream->packets;
    if (is_heard(*stream, now)) ++call.streams;
  }
}

void StreamDirectory::index(HeardStream& stream) {
  by_endpoint_[stream.key.source].push_back(&stream);
  if (!(stream.key.source == stream.key.destination)) {
    by_endpoint_[stream.key.destination].push_back(&stream);
  }
}

void StreamDirectory::unindex(HeardStream& stream) {
  for (const Endpoint& endpoint : {stream.key.source, stream.key.destination}) {
    const auto found = by_endpoint_.find(endpoint);
    if (found == by_endpoint_.end()) continue;
    std::erase(found->second, &stream);
    if (found->second.empty()) by_endpoint_.erase(found);
  }
}

void StreamDirectory::erase(HeardStream& stream) {
  if (stream.phase != HeardPhase::kDetached) unindex(stream);
  const StreamRef ref = stream.ref;  // erase reads its key while the stream goes
  streams_.erase(ref);
}

// A detached stream goes with its last owner, once it has come.
void StreamDirectory::erase_if_collected(HeardStream& stream) {
  const bool collected = stream.phase == HeardPhase::kDetached && stream.owners.empty();
  if (collected && stream.given && stream.detached.empty()) erase(stream);
}

}  // namespace koegura::capture
