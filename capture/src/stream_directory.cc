#include "stream_directory.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace koegura::capture {
namespace {

// What was told a second ago is still told now.
constexpr Duration kNewsAge = std::chrono::seconds(1);
constexpr Duration kHeardWithin = std::chrono::seconds(5);

// A stream's own two ends, one if they are the same.
std::size_t ends_of(const StreamKey& key) {
  return key.source == key.destination ? 1 : 2;
}
const Endpoint& end_of(const StreamKey& key, std::size_t end) {
  return end == 0 ? key.source : key.destination;
}

std::uint64_t hash_of_way(const Endpoint& from, const Endpoint& to) {
  return mix(mix(hash_of(from), 1), hash_of(to));  // not that of the way back
}

bool is_same_pair(const StreamKey& a, const StreamKey& b) {
  return (a.source == b.source && a.destination == b.destination) ||
         (a.source == b.destination && a.destination == b.source);
}

// Any order of pairs of endpoints, whichever of the two is the source.
int compare_pairs(const StreamKey& a, const StreamKey& b) {
  const auto pair = [](const StreamKey& key) {
    const auto source = std::tie(key.source.address.bytes, key.source.port);
    const auto destination = std::tie(key.destination.address.bytes, key.destination.port);
    return source < destination ? std::pair(source, destination) : std::pair(destination, source);
  };
  const auto of_a = pair(a);
  const auto of_b = pair(b);
  if (of_a == of_b) return 0;
  return of_a < of_b ? -1 : 1;
}

bool is_earlier(const HeardStream& a, const HeardStream& b) {
  return std::tie(a.first, a.ref.lane, a.ref.number) < std::tie(b.first, b.ref.lane, b.ref.number);
}

// A stranger's, of which a media-only call may come.
bool is_alone(const HeardStream& stream) {
  return stream.phase == HeardPhase::kGoesOn && stream.owners.empty() && stream.active;
}

}  // namespace

StreamDirectory::StreamDirectory(const CaptureOptions& options, Surroundings surroundings)
    : options_(options),
      keepers_(std::move(surroundings.keepers)),
      signalling_(surroundings.signalling),
      history_(surroundings.history),
      sink_(surroundings.sink) {}
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
  if (stream.owners.empty()) return;
  const bool may_be_sealed = stream.may_be_sealed || join_.may_be_sealed(stream.key);
  if (stream.adopted && stream.may_be_sealed == may_be_sealed) return;
  stream.adopted = true;
  stream.may_be_sealed = may_be_sealed;
  stream.active = true;
  keeper_of(stream).adopt(stream.ref.number, may_be_sealed);
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
    if (expected == t38_.contains(endpoint)) continue;
    if (expected && t38_.size() >= options_.max_streams) {
      ++refused_entries_;
      continue;
    }
    if (expected) {
      t38_.insert(endpoint);
    } else {
      t38_.erase(endpoint);
    }
    for (StreamKeeper* keeper : keepers_) keeper->expect_t38(endpoint, expected);
  }
}

void StreamDirectory::on_claimed(const Endpoint& endpoint, Timestamp at) {
  const auto found = by_endpoint_.find(endpoint);
  if (found == by_endpoint_.end()) return;
  // As many as a leg may have; a copy, as take_over changes the index.
  const std::vector<HeardStream*>& all = found->second;
  const std::size_t count = std::min(all.size(), MediaJoin::kMaxStreams);
  const std::vector<HeardStream*> streams(all.end() - static_cast<std::ptrdiff_t>(count),
                                          all.end());
  for (HeardStream* stream : streams) {
    if (stream->phase == HeardPhase::kOver) {
      keeper_of(*stream).forget(stream->ref.number);
    } else if (!stream->owners.empty() && join_.is_released(*stream)) {
      if (stream->key.destination == endpoint && !take_over(*stream)) assign(*stream);
    } else if (stream->owners.empty() && stream->last + options_.media_hold + kNewsAge < at) {
      continue;  // fell silent long before: somebody else's
    } else {
      assign(*stream);
    }
  }
}

// The endpoint goes to the next call while the last one still lingers: the stream stays with the
// last call as it is, and its next packet starts another. False if too many have been taken over
// whose calls have not come yet: both calls will have this one.
bool StreamDirectory::take_over(HeardStream& stream) {
  if (detached_ >= options_.max_streams) {
    ++refused_entries_;
    return false;
  }
  ++detached_;
  unindex(stream);
  stream.phase = HeardPhase::kDetached;
  stream.answers.push_back({});
  keeper_of(stream).give(stream.ref.number, Give::kDetach);
  return true;
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
  history_.mend(call.streams);
  if (call.state == CallState::kMediaOnly) {
    if (call.streams.empty()) return;
    for (const FinishedStream& stream : call.streams) call.end = std::max(call.end, stream.last);
    ++media_only_calls_;
  }
  history_.describe(call);
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

void StreamDirectory::keep_packets() {
  for (const auto& [ref, stream] : streams_) {
    if (stream->given) keep_on_disk(std::move(stream->given->spooled.runs()));
  }
}

void StreamDirectory::finish_silent(Timestamp since, const char* reason) {
  const bool any = std::any_of(streams_.begin(), streams_.end(), [&](const auto& entry) {
    return is_alone(*entry.second) && entry.second->last < since;
  });
  if (!any) return;
  // All unowned streams between the same two endpoints are one call, if each has been silent.
  const std::vector<HeardStream*> strangers = strangers_by_pair();
  std::vector<std::span<HeardStream* const>> groups;
  for (auto begin = strangers.begin(); begin != strangers.end();) {
    const auto end = std::find_if(begin, strangers.end(), [&](const HeardStream* stream) {
      return !is_same_pair(stream->key, (*begin)->key);
    });
    const bool silent =
        std::all_of(begin, end, [&](const HeardStream* stream) { return stream->last < since; });
    if (silent) groups.emplace_back(begin, end);
    begin = end;
  }
  // The same input gives the same calls in the same order.
  std::sort(groups.begin(), groups.end(),
            [](const auto& a, const auto& b) { return is_earlier(*a.front(), *b.front()); });
  for (const auto& group : groups) finish_media_only(group, reason);
}

// Of each pair the one first that began first.
std::vector<HeardStream*> StreamDirectory::strangers_by_pair() const {
  std::vector<HeardStream*> strangers;
  for (const auto& [ref, stream] : streams_) {
    if (is_alone(*stream)) strangers.push_back(stream.get());
  }
  std::sort(strangers.begin(), strangers.end(), [](const auto* a, const auto* b) {
    const int order = compare_pairs(a->key, b->key);
    return order != 0 ? order < 0 : is_earlier(*a, *b);
  });
  return strangers;
}

// The side heard first stands as the caller: without SIP nothing better is known.
void StreamDirectory::finish_media_only(std::span<HeardStream* const> group, const char* reason) {
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

Hearing StreamDirectory::hearing(Timestamp now) const {
  Hearing hearing;
  std::unordered_set<std::uint64_t> ways;  // that are heard; a figure may live with hashes
  for (const auto& [ref, stream] : streams_) {
    if (stream->active) hearing.last_rtp = std::max(hearing.last_rtp, stream->last);
    if (!is_heard(*stream, now)) continue;
    ++hearing.streams;
    if (stream->owners.empty()) ++hearing.strangers;
    ways.insert(hash_of_way(stream->key.source, stream->key.destination));
  }
  for (const auto& [ref, stream] : streams_) {
    if (!is_heard(*stream, now)) continue;
    if (!ways.contains(hash_of_way(stream->key.destination, stream->key.source))) {
      ++hearing.one_way_streams;
    }
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
  for (std::size_t end = 0; end < ends_of(stream.key); ++end) {
    std::vector<HeardStream*>& streams = by_endpoint_[end_of(stream.key, end)];
    stream.places[end] = streams.size();
    streams.push_back(&stream);
  }
}

// One endpoint may have thousands of streams: none of them is searched for.
void StreamDirectory::unindex(HeardStream& stream) {
  for (std::size_t end = 0; end < ends_of(stream.key); ++end) {
    const Endpoint& endpoint = end_of(stream.key, end);
    const auto found = by_endpoint_.find(endpoint);
    if (found == by_endpoint_.end()) continue;
    std::vector<HeardStream*>& streams = found->second;
    HeardStream* const last = streams.back();
    last->places[last->key.source == endpoint ? 0 : 1] = stream.places[end];
    streams[stream.places[end]] = last;
    streams.pop_back();
    if (streams.empty()) by_endpoint_.erase(found);
  }
}

void StreamDirectory::erase(HeardStream& stream) {
  if (stream.phase == HeardPhase::kDetached) {
    --detached_;
  } else {
    unindex(stream);
  }
  const StreamRef ref = stream.ref;  // erase reads its key while the stream goes
  streams_.erase(ref);
}

// A detached stream goes with its last owner, once it has come.
void StreamDirectory::erase_if_collected(HeardStream& stream) {
  const bool collected = stream.phase == HeardPhase::kDetached && stream.owners.empty();
  if (collected && stream.given && stream.detached.empty()) erase(stream);
}

}  // namespace koegura::capture
