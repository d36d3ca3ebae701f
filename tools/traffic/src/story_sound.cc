// Story's streams: whole packets on each sender's own grid of ticks.
#include <algorithm>
#include <cassert>
#include <utility>

#include "story.h"

namespace koegura::traffic {
namespace {

using std::chrono::milliseconds;
using Heard = ConversationSound;

// Voices begin a little after their axis does, so that a transcoder's cut never lies before it.
constexpr Duration kLead = milliseconds(100);

std::uint32_t end_of(const StreamPlan& stream) {
  if (stream.segments.empty()) return 0;
  return stream.segments.back().tick + stream.segments.back().ticks;
}

Heard recoded(Heard sound) {
  switch (sound) {
    case Heard::kCitizen:
      return Heard::kCitizenRecoded;
    case Heard::kDesk:
      return Heard::kDeskRecoded;
    default:
      assert(false && "only the first two voices are transcoded");
      return sound;
  }
}

std::uint64_t ms_between(Timestamp from, Timestamp to) {
  return static_cast<std::uint64_t>(std::chrono::floor<milliseconds>(to - from).count());
}

}  // namespace

StreamPlan Story::new_stream(const LegPlan& leg, Side side) {
  StreamPlan stream;
  stream.side = side;
  stream.codec = leg.codec;
  stream.ssrc = static_cast<std::uint32_t>(random_.next());
  stream.first_timestamp = static_cast<std::uint32_t>(random_.next());
  stream.first_sequence = static_cast<std::uint16_t>(random_.next());
  stream.tick_ns = options_.packet_time_ms * 1e6;
  return stream;
}

// Packets whose time is in [begin, end).
void Story::append(StreamPlan& stream, Heard sound, std::uint64_t place_ms, Timestamp begin,
                   Timestamp end) {
  const std::uint32_t first = std::max(stream.tick_at(begin), end_of(stream));
  const std::uint32_t last = stream.tick_at(end);
  if (first >= last) return;
  stream.segments.push_back({.sound = static_cast<std::uint8_t>(sound),
                             .tick = first,
                             .ticks = last - first,
                             .place_ms = place_ms});
}

void Story::speak(LegPlan& leg, Side side, Heard voice, Timestamp from, Timestamp until) {
  StreamPlan& stream = leg.call.streams[index_of(side)];
  if (plan_.voices_from == Timestamp()) plan_.voices_from = from - kLead;
  if (voice == Heard::kSecondDesk) plan_.voices = 3;
  if (stream.segments.empty()) stream.start = from + between_ms(1, 21);
  plan_.voices_last = std::max(plan_.voices_last, until - plan_.voices_from);
  const std::uint32_t first = std::max(stream.tick_at(from), end_of(stream));
  append(stream, voice, ms_between(plan_.voices_from, stream.time_of(first)), from, until);
}

void Story::bridge(LegPlan& a, LegPlan& b, Timestamp from, Timestamp until) {
  for (const auto& [heard, told] : {std::pair(&a, &b), std::pair(&b, &a)}) {
    relay(heard->call.streams[index_of(other(heard->pbx))], told->call.streams[index_of(told->pbx)],
          from, until);
  }
}

// Every tick takes the packet that arrived last, latency_ ago. Both grids have the same step, so
// that this is one packet after the other.
void Story::relay(const StreamPlan& from, StreamPlan& to, Timestamp begin, Timestamp end) {
  const bool transcodes = from.codec != to.codec;
  for (const StreamSegment& segment : from.segments) {
    const Timestamp spoken = from.time_of(segment.tick);
    const Timestamp heard =
        std::max(spoken, from.time_of(from.tick_at(std::max(begin, spoken)))) + latency_;
    const Timestamp until = std::min(from.time_of(segment.tick + segment.ticks) + latency_, end);
    if (to.segments.empty()) {
      to.start = heard + random_.between(Duration::zero(), milliseconds(options_.packet_time_ms));
    }
    const std::uint32_t first = std::max(to.tick_at(heard), end_of(to));
    const Duration since = to.time_of(first) - latency_ - spoken;
    const auto packets = static_cast<std::uint64_t>(since / milliseconds(options_.packet_time_ms));
    const std::uint64_t place = segment.place_ms + packets * options_.packet_time_ms;
    // A transcoder cuts its packets where it likes, out of what it has heard.
    const std::uint64_t cut = transcodes ? 1 + plan_.index % (options_.packet_time_ms - 1) : 0;
    const auto sound = static_cast<Heard>(segment.sound);
    append(to, transcodes ? recoded(sound) : sound, place - cut, to.time_of(first), until);
  }
}

// One source for all who are on hold: the same packet at the same moment.
void Story::play_music(LegPlan& leg, Timestamp from, Timestamp until) {
  StreamPlan& stream = leg.call.streams[index_of(leg.pbx)];
  if (stream.segments.empty()) stream.start = from + between_ms(1, 21);
  const std::uint32_t first = std::max(stream.tick_at(from), end_of(stream));
  const std::uint64_t played = ms_between(options_.start, stream.time_of(first));
  append(stream, Heard::kMusic, played - played % options_.packet_time_ms, from, until);
}

void Story::play_announcement(LegPlan& leg, Timestamp from, Timestamp until) {
  StreamPlan& stream = leg.call.streams[index_of(leg.pbx)];
  if (stream.segments.empty()) stream.start = from + between_ms(1, 21);
  append(stream, Heard::kAnnouncement, 0, from, until);
}

ConversationPlan Story::finish() && {
  for (LegPlan& leg : plan_.legs) {
    std::vector<StreamPlan> sent;
    for (StreamPlan& stream : leg.call.streams) {
      stream.source = leg.call.media[index_of(stream.side)];
      stream.destination = leg.call.media[index_of(other(stream.side))];
      stream.ticks = end_of(stream);
      if (stream.ticks > 0) sent.push_back(std::move(stream));
    }
    leg.call.streams = std::move(sent);
    std::stable_sort(leg.lines.begin(), leg.lines.end(),
                     [](const SipLine& a, const SipLine& b) { return a.time < b.time; });
  }
  std::stable_sort(plan_.legs.begin(), plan_.legs.end(),
                   [](const LegPlan& a, const LegPlan& b) { return a.call.start < b.call.start; });
  plan_.start = start_;
  for (const LegPlan& leg : plan_.legs) plan_.end = std::max(plan_.end, leg.call.end);
  return std::move(plan_);
}

}  // namespace koegura::traffic
