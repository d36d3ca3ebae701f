#include "call_path.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "capture/rtp.h"
#include "capture/sip_message.h"
#include "clock_step.h"

namespace koegura::capture {
namespace {

constexpr Duration kCallSweep = std::chrono::seconds(1);
// After an outage, before silence is judged.
constexpr Duration kResumed = std::chrono::seconds(5);
// A talk whose sound should have been heard by now.
constexpr Duration kUnheardAfter = std::chrono::seconds(5);

}  // namespace

CallPath::CallPath(const CaptureOptions& options, Spool& spool, std::vector<StreamKeeper*> keepers,
                   CallSink& sink)
    : options_(options),
      spool_(spool),
      signalling_(Signalling::create(options.signalling, *this)),
      directory_(options_, {.keepers = std::move(keepers),
                            .signalling = *signalling_,
                            .history = history_,
                            .sink = sink}) {}

void CallPath::on_datagram(const Packet& packet, Accounting& accounting) {
  now_ = clock_after(now_, packet.time);
  if (copies_.is_copy(packet)) return accounting.count(Outcome::kDuplicate, packet.frames);
  if (looks_like_rtcp(packet.payload)) return on_rtcp(packet, accounting);
  on_sip(packet, accounting);
}

void CallPath::on_sip(const Packet& packet, Accounting& accounting) {
  const auto message = parse_sip(packet.payload);
  if (!message) return accounting.count(message.error(), packet.frames);
  note(*message, packet.time);
  const std::optional<LegId> leg =
      signalling_->on_message(packet.time, packet.source, packet.destination, *message);
  if (leg && !keep_datagram(*leg, packet.time, packet.ip)) {
    return accounting.count(Drop::kSpoolFull, packet.frames);
  }
  accounting.count(Outcome::kSip, packet.frames);
}

void CallPath::on_rtcp(const Packet& packet, Accounting& accounting) {
  const LegId leg = directory_.rtcp_leg(packet.source, packet.destination);
  if (leg != 0 && !keep_datagram(leg, packet.time, packet.ip)) {
    return accounting.count(Drop::kSpoolFull, packet.frames);
  }
  accounting.count(Outcome::kRtcp, packet.frames);
}

void CallPath::on_tcp_message(Timestamp time, const Endpoint& source, const Endpoint& destination,
                              Bytes bytes, std::span<const TcpSegment> segments) {
  now_ = clock_after(now_, time);
  const auto message = parse_sip(bytes);
  if (!message) return;  // its frames are counted as the connection's
  note(*message, time);
  const std::optional<LegId> leg = signalling_->on_message(time, source, destination, *message);
  if (!leg) return;
  for (const TcpSegment& segment : segments) keep_segment(*leg, segment);
}

void CallPath::note(const SipMessage& message, Timestamp time) {
  ++(message.is_request() ? heard_.sip_requests : heard_.sip_responses);
  heard_.last_sip = std::max(heard_.last_sip, time);
}

void CallPath::keep_segment(LegId leg, const TcpSegment& segment) {
  LegPackets& packets = legs_[leg];
  const auto parsed = parse_ip(segment.time, segment.ip);
  if (!parsed) return;
  const bool kept_already =
      segment.time == packets.last_segment && parsed->tcp_sequence == packets.last_sequence;
  if (kept_already) return;
  packets.last_segment = segment.time;
  packets.last_sequence = parsed->tcp_sequence;
  static_cast<void>(keep_datagram(leg, segment.time, segment.ip));
}

bool CallPath::keep_datagram(LegId leg, Timestamp time, Bytes ip) {
  SpoolRun& run = legs_[leg].run;
  if (run.used == 0) unflushed_.push_back(leg);
  return spool_.append(run, time, ip);
}

// SIP is little and worth much: it is on its way to the disk within a tick.
void CallPath::flush() {
  for (const LegId leg : std::exchange(unflushed_, {})) {
    const auto found = legs_.find(leg);
    if (found == legs_.end()) continue;
    spool_.hand_over(found->second.run);
    if (found->second.run.used != 0) unflushed_.push_back(leg);  // no room
  }
}

void CallPath::advance(Timestamp now) {
  now_ = clock_after(now_, now);
  if (spool_.flush_interval() != Duration::max()) flush();
  if (is_due(now_, next_sweep_)) {
    directory_.finish_silent(now - options_.stream_timeout, "media silence");
    spool_.flush();
    next_sweep_ = now + kCallSweep;
  }
  signalling_->advance(now);
}

void CallPath::on_media(LegId leg, const NegotiatedMedia& media) {
  directory_.claim(leg, media, now_);
}

void CallPath::on_finished(LegId leg, FinishedCall call) {
  if (const auto found = legs_.find(leg); found != legs_.end()) {
    call.signalling = spool_.take(found->second.run);
    legs_.erase(found);
  }
  directory_.finish(leg, std::move(call));
}

void CallPath::resume(const Outage& outage) {
  history_.add(outage);
  signalling_->resume(outage);
  // Streams that go on are told within a second or so, from where they are heard now.
  now_ = std::max(now_, outage.to);
  next_sweep_ = outage.to + kResumed;
}

void CallPath::keep() {
  for (auto& [leg, packets] : legs_) {
    keep_on_disk(spool_.take(packets.run).runs());
  }
  directory_.keep_packets();
}

void CallPath::finish() {
  signalling_->finish();
  directory_.finish_silent(Timestamp::max(), "capture ended");
}

CaptureStats CallPath::stats() const {
  CaptureStats stats;
  stats.signalling = signalling_->stats();
  stats.spool = spool_.stats();
  stats.media_only_calls = directory_.media_only_calls();
  stats.limits.legs = stats.signalling.legs_refused;
  stats.limits.leg_entries = stats.signalling.leg_entries_refused + directory_.refused_entries();
  stats.limits.finished_legs = stats.signalling.finished_legs_forgotten;
  stats.last_frame = now_;
  return stats;
}

Hearing CallPath::hearing() const {
  Hearing hearing = directory_.hearing(now_);
  hearing.sip_requests = heard_.sip_requests;
  hearing.sip_responses = heard_.sip_responses;
  hearing.last_sip = heard_.last_sip;
  signalling_->for_each_in_progress([&](const LegInProgress& leg) {
    ++hearing.legs;
    if (!leg.answered) return;
    ++hearing.talking;
    LiveCall call;
    directory_.describe(leg.id, now_, call);
    if (call.streams == 0 && !leg.on_hold && *leg.answered + kUnheardAfter < now_) {
      ++hearing.unheard;
    }
  });
  return hearing;
}

// A flood of calls is not copied whole to show the newest of them.
std::vector<LiveCall> CallPath::calls_in_progress() const {
  std::vector<Timestamp> starts;
  signalling_->for_each_in_progress([&](const LegInProgress& leg) { starts.push_back(leg.start); });
  Timestamp since = Timestamp::min();
  if (starts.size() > kMostLiveCalls) {
    const auto last = starts.begin() + (kMostLiveCalls - 1);
    std::nth_element(starts.begin(), last, starts.end(), std::greater<>());
    since = *last;
  }
  std::vector<LiveCall> calls;
  signalling_->for_each_in_progress([&](const LegInProgress& leg) {
    if (leg.start < since) return;
    LiveCall call{.call_id = std::string(leg.call_id),
                  .caller = leg.caller,
                  .callee = leg.callee,
                  .start = leg.start,
                  .answered = leg.answered};
    directory_.describe(leg.id, now_, call);
    calls.push_back(std::move(call));
  });
  std::sort(calls.begin(), calls.end(),
            [](const LiveCall& a, const LiveCall& b) { return a.start > b.start; });
  if (calls.size() > kMostLiveCalls) calls.resize(kMostLiveCalls);
  return calls;
}

}  // namespace koegura::capture
