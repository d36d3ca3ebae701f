#include "capture/tcp_reassembly.h"

#include <array>
#include <cassert>
#include <list>
#include <optional>
#include <unordered_map>

#include "tcp_flow.h"

namespace koegura::capture {

namespace {

constexpr std::uint8_t kFin = 0x01;
constexpr std::uint8_t kSyn = 0x02;
constexpr std::uint8_t kRst = 0x04;
constexpr Duration kFlowSweepInterval = std::chrono::seconds(1);
// A hole is mostly the mirror's loss, which nobody will send again; a retransmission comes within
// the first timeouts (RFC 6298 §2: 1 s). Longer than this and the call's media would wait too.
constexpr Duration kHoleTimeout = std::chrono::seconds(2);

// One direction.
struct FlowKey {
  Endpoint source;
  Endpoint destination;

  [[nodiscard]] FlowKey reversed() const { return {destination, source}; }
  friend bool operator==(const FlowKey&, const FlowKey&) = default;
};

struct FlowKeyHash {
  std::size_t operator()(const FlowKey& key) const {
    return mix(mix(hash_of(key.source), 1), hash_of(key.destination));  // they may be equal
  }
};

class TcpReassemblyImpl final : public TcpReassembly {
 public:
  TcpReassemblyImpl(const TcpReassemblyOptions& options, Accounting& accounting,
                    TcpMessageSink& sink)
      : options_(options), accounting_(accounting), context_{options_, accounting, sink} {
    assert(options.max_connections > 0);
  }

  void on_packet(const Packet& packet) override;
  void advance(Timestamp now) override;
  void finish() override;
  [[nodiscard]] std::uint64_t waiting() const override;
  [[nodiscard]] const TcpReassemblyStats& stats() const override { return stats_; }

 private:
  // Whoever opens connections and never says a whole message cannot push out those who did.
  enum Rank : std::uint8_t { kUnproven, kIdle, kBusy };
  struct Entry {
    FlowKey key;
    TcpFlow flow;
    Timestamp last;
    Rank rank = kUnproven;
  };
  using Entries = std::list<Entry>;

  // The flow of the packet, made new where its payload starts a message.
  std::optional<Entries::iterator> find_or_create(const FlowKey& key, const Packet& packet);
  void add(TcpFlow& flow, const Packet& packet);
  void make_room();
  void free_bytes();
  void rank(Entries::iterator entry);
  void give_up_holes(Entries& entries, Timestamp now);
  void erase(Entries::iterator entry);
  // Does something to a flow, and keeps buffered_ and its rank right and the flow only if it is
  // SIP.
  template <typename Change>
  void change(Entries::iterator entry, Change what) {
    buffered_ -= entry->flow.bytes();
    what(entry->flow);
    buffered_ += entry->flow.bytes();
    if (entry->flow.is_sip()) {
      rank(entry);
    } else {
      erase(entry);
    }
  }

  TcpReassemblyOptions options_;
  Accounting& accounting_;
  TcpFlow::Context context_;
  std::array<Entries, 3> entries_;  // by rank, the longest unused first
  std::unordered_map<FlowKey, Entries::iterator, FlowKeyHash> by_key_;
  std::size_t buffered_ = 0;  // Σ flow.bytes()
  std::optional<Timestamp> swept_;
  TcpReassemblyStats stats_;
};

void TcpReassemblyImpl::on_packet(const Packet& packet) {
  assert(packet.transport == Transport::kTcp);
  const FlowKey key{packet.source, packet.destination};
  const auto found = find_or_create(key, packet);
  if (!found) {
    const bool other_way = packet.payload.empty() && by_key_.contains(key.reversed());
    accounting_.count(other_way ? Outcome::kSip : Outcome::kNotVoip, packet.frames);
    return;
  }
  const auto entry = *found;
  entry->last = packet.time;
  change(entry, [&](TcpFlow& flow) { add(flow, packet); });
  while (buffered_ > options_.max_buffered_bytes) free_bytes();
}

void TcpReassemblyImpl::add(TcpFlow& flow, const Packet& packet) {
  Packet data = packet;
  if ((packet.tcp_flags & kSyn) != 0) {
    ++data.tcp_sequence;  // the SYN itself takes one number
    if (data.tcp_sequence != flow.next_sequence()) flow.restart(data.tcp_sequence);
  }
  if (data.payload.empty()) {
    accounting_.count(Outcome::kSip, data.frames);
  } else {
    flow.add(data);
  }
  const auto end = data.tcp_sequence + static_cast<std::uint32_t>(data.payload.size());
  const bool fin = (packet.tcp_flags & kFin) != 0;
  // A FIN ahead of its own data, with nothing held, is disorder: the data still comes.
  const bool all_there = end == flow.next_sequence() || flow.has_hole();
  if ((packet.tcp_flags & kRst) != 0 || (fin && all_there)) flow.close();
}

std::optional<TcpReassemblyImpl::Entries::iterator> TcpReassemblyImpl::find_or_create(
    const FlowKey& key, const Packet& packet) {
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) return found->second;
  if (!starts_sip_message(packet.payload)) return std::nullopt;
  if (by_key_.size() >= options_.max_connections) make_room();
  const std::uint32_t syn = (packet.tcp_flags & kSyn) != 0 ? 1 : 0;
  Entries& fresh = entries_[kUnproven];
  fresh.push_back({key, TcpFlow(context_, key.source, key.destination, packet.tcp_sequence + syn),
                   packet.time});
  const auto entry = std::prev(fresh.end());
  by_key_.emplace(key, entry);
  return entry;
}

void TcpReassemblyImpl::make_room() {
  ++stats_.connections_forgotten;
  for (Entries& entries : entries_) {
    if (!entries.empty()) return erase(entries.begin());
  }
}

// REQUIRES: buffered_ > 0.
void TcpReassemblyImpl::free_bytes() {
  ++stats_.connections_given_up;
  Entries& unproven = entries_[kUnproven];
  erase(unproven.empty() ? entries_[kBusy].begin() : unproven.begin());
}

// Used now: behind all others of its rank.
void TcpReassemblyImpl::rank(Entries::iterator entry) {
  Entries& from = entries_[entry->rank];
  const Rank proven = entry->flow.bytes() == 0 ? kIdle : kBusy;
  entry->rank = entry->flow.has_spoken() ? proven : kUnproven;
  Entries& to = entries_[entry->rank];
  to.splice(to.end(), from, entry);
}

void TcpReassemblyImpl::erase(Entries::iterator entry) {
  buffered_ -= entry->flow.bytes();
  entry->flow.abandon();
  by_key_.erase(entry->key);
  entries_[entry->rank].erase(entry);
}

void TcpReassemblyImpl::advance(Timestamp now) {
  if (swept_ && now >= *swept_ && now - *swept_ < kFlowSweepInterval) return;
  swept_ = now;
  for (Entries& entries : entries_) {
    while (!entries.empty() && now - entries.front().last > options_.idle_timeout) {
      erase(entries.begin());
    }
    if (buffered_ != 0) give_up_holes(entries, now);
  }
}

void TcpReassemblyImpl::give_up_holes(Entries& entries, Timestamp now) {
  for (auto entry = entries.begin(); entry != entries.end();) {
    const auto next = std::next(entry);  // change ranks the entry anew
    const bool overdue = entry->flow.has_hole() && now - entry->flow.hole_since() > kHoleTimeout;
    if (overdue) change(entry, [](TcpFlow& flow) { flow.give_up_hole(); });
    entry = next;
  }
}

void TcpReassemblyImpl::finish() {
  for (Entries& entries : entries_) {
    while (!entries.empty()) {
      const auto entry = entries.begin();
      buffered_ -= entry->flow.bytes();
      entry->flow.close();  // gives the messages behind a hole
      buffered_ += entry->flow.bytes();
      erase(entry);
    }
  }
}

std::uint64_t TcpReassemblyImpl::waiting() const {
  std::uint64_t frames = 0;
  for (const Entries& entries : entries_) {
    for (const Entry& entry : entries) frames += entry.flow.waiting();
  }
  return frames;
}

}  // namespace

std::unique_ptr<TcpReassembly> TcpReassembly::create(const TcpReassemblyOptions& options,
                                                     Accounting& accounting, TcpMessageSink& sink) {
  return std::make_unique<TcpReassemblyImpl>(options, accounting, sink);
}

}  // namespace koegura::capture
