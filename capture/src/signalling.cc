#include "capture/signalling.h"

#include <algorithm>
#include <cassert>
#include <deque>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "clock_step.h"
#include "leg.h"
#include "registrations.h"
#include "sip_grammar.h"
#include "timer_queue.h"

namespace koegura::capture {
namespace {

// One Call-ID carries one leg, or two where a B2BUA keeps it; more is an attack on the lookup.
constexpr std::size_t kMaxLegsPerCallId = 16;
// How long the last transaction of a leg may still repeat itself: 64*T1 (RFC 3261 §17).
constexpr Duration kAfterglow = std::chrono::seconds(32);
// Wake-ups beside one a leg, before they are sorted out.
constexpr std::size_t kMostOutdated = 1024;

std::uint64_t hash_of_leg(std::string_view call_id, std::string_view caller_tag) {
  const std::hash<std::string_view> hash;
  return mix(mix(hash(call_id), 1), hash(caller_tag));  // the two may be the same text
}

// Legs that have finished, so that a response sent again does not look like the middle of a call
// whose beginning was missed.
class FinishedLegs {
 public:
  explicit FinishedLegs(std::size_t limit) : limit_(limit) {}

  // False if there is no room: then the oldest is forgotten.
  bool add(const Leg& leg, Timestamp now) {
    const bool room = expiries_.size() < limit_;
    if (!room) forget_oldest();
    const std::uint64_t key = hash_of_leg(leg.wire_call_id(), leg.caller_tag());
    legs_.insert_or_assign(key, Entry{leg.id(), leg.invite_cseq()});
    expiries_.push_back({now + kAfterglow, key, leg.id()});
    return room;
  }
  void expire(Timestamp now) {
    while (!expiries_.empty() && expiries_.front().at <= now) forget_oldest();
  }
  // Does the message belong to a finished leg? A newer INVITE does not: it calls again.
  [[nodiscard]] bool owns(const SipMessage& message, bool initial_invite) const {
    if (legs_.empty()) return false;
    const auto as_caller = legs_.find(hash_of_leg(message.call_id, message.from.tag()));
    if (as_caller != legs_.end()) {
      return !initial_invite || message.cseq <= as_caller->second.invite_cseq;
    }
    return legs_.contains(hash_of_leg(message.call_id, message.to.tag()));
  }

 private:
  struct Entry {
    LegId leg = 0;
    std::uint32_t invite_cseq = 0;
  };
  struct Expiry {
    Timestamp at;
    std::uint64_t key = 0;
    LegId leg = 0;
  };
  void forget_oldest() {
    const auto found = legs_.find(expiries_.front().key);
    if (found != legs_.end() && found->second.leg == expiries_.front().leg) legs_.erase(found);
    expiries_.pop_front();
  }

  std::size_t limit_;
  std::unordered_map<std::uint64_t, Entry> legs_;
  std::deque<Expiry> expiries_;  // no fewer than legs_
};

// Is a message of an unknown session worth a leg of its own? An INVITE is, and so is whatever
// tells about a session that began before the capture: a response to an INVITE, or a session
// description within a dialog. A lone BYE or its 200 is not.
bool begins_leg(const Sighting& sighting) {
  const SipMessage& message = sighting.message;
  if (!message.is_request()) return sighting.is("INVITE");
  if (sighting.is_initial_invite()) return true;
  const bool may_describe =
      sighting.is("INVITE") || sighting.is("ACK") || sighting.is("UPDATE") || sighting.is("PRACK");
  return may_describe && !message.to.tag().empty() &&
         !sip_body_of_type(message, "application/sdp").empty();
}

class LegTable final : public Signalling {
 public:
  LegTable(const SignallingOptions& options, SignallingSink& sink)
      : options_(options), sink_(sink), finished_(options.max_legs) {
    assert(options.max_legs > 0);
  }

  std::optional<LegId> on_message(Timestamp time, const Endpoint& source,
                                  const Endpoint& destination, const SipMessage& message) override {
    advance(time);
    ++stats_.messages;
    Sighting sighting{time, source, destination, message, Side::kCaller};
    Entry* entry = find(sighting);
    if (entry == nullptr) entry = begin(sighting);
    if (entry == nullptr) {
      ++stats_.outside_legs;
      registrations_.on_response(source, destination, message);
      return std::nullopt;
    }
    const std::uint64_t refused = entry->leg.refused_entries();
    switch (entry->leg.on_message(sighting)) {
      case Leg::Seen::kNew:
        break;
      case Leg::Seen::kRetransmission:
        ++stats_.retransmissions;
        break;
      case Leg::Seen::kBadDescription:
        ++stats_.unreadable_descriptions;
        break;
    }
    stats_.leg_entries_refused += entry->leg.refused_entries() - refused;
    schedule(*entry);
    return entry->leg.id();
  }

  void on_media_heard(LegId leg, Timestamp time) override {
    const auto found = by_id_.find(leg);
    if (found == by_id_.end()) return;
    found->second->leg.on_media_heard(time);
    schedule(*found->second);
  }

  void advance(Timestamp now) override {
    now_ = clock_after(now_, now);
    while (const auto due = timers_.pop(now_)) wake_up(*due);
    finished_.expire(now_);
  }

  void resume(const Outage& outage) override {
    advance(outage.from);
    for (const auto& [id, entry] : by_id_) {
      entry->leg.resume(outage);
      schedule(*entry);
    }
  }

  void finish() override {
    std::vector<Entry*> going_on;
    for (const auto& [id, entry] : by_id_) going_on.push_back(entry);
    std::sort(going_on.begin(), going_on.end(),
              [](const Entry* a, const Entry* b) { return a->leg.id() < b->leg.id(); });
    for (Entry* entry : going_on) {
      entry->leg.on_capture_end();
      end(*entry);
    }
  }

  [[nodiscard]] SignallingStats stats() const override { return stats_; }

  void for_each_in_progress(const std::function<void(const LegInProgress&)>& visit) const override {
    for (const auto& [id, entry] : by_id_) {
      if (!entry->leg.is_released()) visit(entry->leg.in_progress());
    }
  }

 private:
  struct Entry {
    Leg leg;
    Timestamp wake_up = Timestamp::max();  // the earliest one in timers_
    template <typename... Arguments>
    explicit Entry(Arguments&&... arguments) : leg(std::forward<Arguments>(arguments)...) {}
  };
  // Keys view into their own entry.
  using ByCallId = std::unordered_multimap<std::string_view, std::unique_ptr<Entry>>;

  // The leg with the message's Call-ID and a tag of its caller; sets who made the request.
  Entry* find(Sighting& sighting) {
    const std::string_view from_tag = sighting.message.from.tag();
    const std::string_view to_tag = sighting.message.to.tag();
    const auto [first, last] = by_call_id_.equal_range(sighting.message.call_id);
    Entry* as_callee = nullptr;
    for (auto i = first; i != last; ++i) {
      const std::string& caller_tag = i->second->leg.caller_tag();
      if (caller_tag == from_tag) return i->second.get();
      if (caller_tag == to_tag && !sighting.is_initial_invite()) as_callee = i->second.get();
    }
    if (as_callee != nullptr) sighting.requester = Side::kCallee;
    return as_callee;
  }

  Entry* begin(const Sighting& sighting) {
    const SipMessage& message = sighting.message;
    if (!begins_leg(sighting) || finished_.owns(message, sighting.is_initial_invite()) ||
        by_call_id_.count(message.call_id) >= kMaxLegsPerCallId) {
      return nullptr;
    }
    if (by_id_.size() >= options_.max_legs) {
      ++stats_.legs_refused;
      return nullptr;
    }
    auto entry = std::make_unique<Entry>(++stats_.legs, sighting, options_, sink_);
    Entry* const raw = entry.get();
    by_id_.emplace(raw->leg.id(), raw);
    by_call_id_.emplace(raw->leg.wire_call_id(), std::move(entry));
    return raw;
  }

  void schedule(Entry& entry) {
    const Timestamp deadline = entry.leg.deadline();
    if (deadline >= entry.wake_up) return;
    entry.wake_up = deadline;
    timers_.push({deadline, entry.leg.id()});
    if (timers_.size() > kMostOutdated + 2 * by_id_.size()) drop_outdated();
  }

  // Every deadline that comes earlier leaves a wake-up behind.
  void drop_outdated() {
    timers_.clear();
    for (const auto& [id, entry] : by_id_) {
      if (entry->wake_up != Timestamp::max()) timers_.push({entry->wake_up, id});
    }
  }

  void wake_up(const TimerQueue::WakeUp& due) {
    const auto found = by_id_.find(due.leg);
    if (found == by_id_.end() || found->second->wake_up != due.at) return;  // outdated
    Entry& entry = *found->second;
    entry.wake_up = Timestamp::max();
    if (entry.leg.deadline() > now_) {
      schedule(entry);
      return;
    }
    entry.leg.on_deadline();
    end(entry);
  }

  void end(Entry& entry) {
    if (!finished_.add(entry.leg, now_)) ++stats_.finished_legs_forgotten;
    by_id_.erase(entry.leg.id());
    const auto [first, last] = by_call_id_.equal_range(entry.leg.wire_call_id());
    for (auto i = first; i != last; ++i) {
      if (i->second.get() != &entry) continue;
      const std::unique_ptr<Entry> owned = std::move(i->second);
      by_call_id_.erase(i);
      const LegId id = owned->leg.id();
      const std::string contact = owned->leg.answerer_contact();
      FinishedCall call = std::move(owned->leg).take();
      if (const Identity* owner = registrations_.owner_of(contact)) call.answered_by = *owner;
      call.direction = registrations_.direction_of(call);
      sink_.on_finished(id, std::move(call));
      return;
    }
  }

  const SignallingOptions options_;
  SignallingSink& sink_;
  ByCallId by_call_id_;
  std::unordered_map<LegId, Entry*> by_id_;
  TimerQueue timers_;
  FinishedLegs finished_;
  Registrations registrations_;
  Timestamp now_;
  SignallingStats stats_;
};

}  // namespace

std::unique_ptr<Signalling> Signalling::create(const SignallingOptions& options,
                                               SignallingSink& sink) {
  return std::make_unique<LegTable>(options, sink);
}

}  // namespace koegura::capture
