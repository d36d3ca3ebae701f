#include "payload_match.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <optional>

namespace koegura::store {

namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kMostLagMs = 1000;   // of a relay: a jitter buffer at its worst
constexpr std::int64_t kLagSpreadMs = 100;  // within one match
constexpr std::size_t kEnough = 3;          // shared payloads of one direction
constexpr std::size_t kEnoughBack = 2;      // of the other one
// So many on both sides at the same time and none shared: two voices, not one.
constexpr std::size_t kEnoughToDiffer = 6;

struct SharedPayload {
  std::int64_t lag_ms = 0;  // b's after a's
  std::uint32_t hash = 0;
};

// One channel of a against one of b.
struct ChannelMatch {
  std::vector<SharedPayload> shared;  // at one lag
  bool shares_common = false;         // what tells nothing, but is the same
  std::size_t of_a = 0;
  std::size_t of_b = 0;

  [[nodiscard]] std::size_t count() const { return shared.size(); }
};

class Comparison {
 public:
  Comparison(const LegEvidence& a, const LegEvidence& b, const IsCommon& is_common)
      : a_(a),
        b_(b),
        is_common_(is_common),
        start_difference_ms_(std::chrono::duration_cast<milliseconds>(b.start - a.start).count()),
        sources_tell_(!is_one_host(a, b)) {}

  [[nodiscard]] PayloadMatch run() const {
    const PayloadMatch straight = judge(channels(0, 0), channels(1, 1));
    if (straight.kind == PayloadMatch::Kind::kBothWays) return straight;
    const PayloadMatch crossed = judge(channels(0, 1), channels(1, 0));
    const bool is_better =
        crossed.kind > straight.kind ||
        (crossed.kind == straight.kind && crossed.hashes.size() > straight.hashes.size());
    return is_better ? crossed : straight;
  }

 private:
  using Payloads = std::vector<SketchedPayload>;

  [[nodiscard]] ChannelMatch channels(std::size_t of_a, std::size_t of_b) const {
    const Payloads& a = a_.sketches[of_a];
    const Payloads& b = b_.sketches[of_b];
    ChannelMatch match;
    match.of_a = of_a;
    match.of_b = of_b;
    for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
      if (a[i].hash != b[j].hash) {
        a[i].hash < b[j].hash ? ++i : ++j;
        continue;
      }
      const std::size_t i_end = end_of_run(a, i);
      const std::size_t j_end = end_of_run(b, j);
      const auto lag = nearest({&a[i], &a[0] + i_end}, {&b[j], &b[0] + j_end});
      if (lag && is_common_(a[i].hash)) match.shares_common = true;
      if (lag && !is_common_(a[i].hash)) match.shared.push_back({*lag, a[i].hash});
      i = i_end;
      j = j_end;
    }
    keep_one_lag(match.shared);
    return match;
  }

  struct Run {
    const SketchedPayload* begin;
    const SketchedPayload* end;
  };

  static std::size_t end_of_run(const Payloads& payloads, std::size_t at) {
    std::size_t end = at + 1;
    while (end < payloads.size() && payloads[end].hash == payloads[at].hash) ++end;
    return end;
  }

  // A payload that comes back counts once, at its smallest lag; both runs are in order of time.
  [[nodiscard]] std::optional<std::int64_t> nearest(Run a, Run b) const {
    std::optional<std::int64_t> nearest;
    while (a.begin != a.end && b.begin != b.end) {
      const std::int64_t lag =
          start_difference_ms_ + std::int64_t{b.begin->at_ms} - std::int64_t{a.begin->at_ms};
      const bool counts = std::abs(lag) <= kMostLagMs && may_be_relayed(*a.begin, *b.begin);
      if (counts && (!nearest || std::abs(lag) < std::abs(*nearest))) nearest = lag;
      lag < 0 ? ++b.begin : ++a.begin;
    }
    return nearest;
  }

  [[nodiscard]] bool may_be_relayed(const SketchedPayload& a, const SketchedPayload& b) const {
    const LegStream& from = a_.streams[a.stream];
    const LegStream& to = b_.streams[b.stream];
    const bool is_same = from.source == to.source && from.destination == to.destination;
    return !is_same && (!sources_tell_ || !(from.source.address == to.source.address));
  }

  // The most payloads whose lags lie close together.
  static void keep_one_lag(std::vector<SharedPayload>& shared) {
    std::sort(shared.begin(), shared.end(), [](const auto& x, const auto& y) {
      return x.lag_ms != y.lag_ms ? x.lag_ms < y.lag_ms : x.hash < y.hash;
    });
    std::size_t best = 0;
    std::size_t best_size = 0;
    for (std::size_t first = 0, end = 0; first < shared.size(); ++first) {
      while (end < shared.size() && shared[end].lag_ms - shared[first].lag_ms <= kLagSpreadMs)
        ++end;
      if (end - first <= best_size) continue;
      best = first;
      best_size = end - first;
    }
    shared.erase(shared.begin() + static_cast<std::ptrdiff_t>(best + best_size), shared.end());
    shared.erase(shared.begin(), shared.begin() + static_cast<std::ptrdiff_t>(best));
  }

  // Both have something to say at the same time, and never the same.
  [[nodiscard]] bool differ(const ChannelMatch& match) const {
    if (!match.shared.empty() || match.shares_common) return false;
    const Payloads& a = a_.sketches[match.of_a];
    const Payloads& b = b_.sketches[match.of_b];
    if (a.size() < kEnoughToDiffer || b.size() < kEnoughToDiffer) return false;
    const auto by_time = [](const auto& x, const auto& y) { return x.at_ms < y.at_ms; };
    const auto [a_first, a_last] = std::minmax_element(a.begin(), a.end(), by_time);
    const auto [b_first, b_last] = std::minmax_element(b.begin(), b.end(), by_time);
    const std::int64_t shift = start_difference_ms_;
    const std::int64_t from = std::max<std::int64_t>(a_first->at_ms, b_first->at_ms + shift);
    const std::int64_t to = std::min<std::int64_t>(a_last->at_ms, b_last->at_ms + shift);
    return count_between(a, from, to) >= kEnoughToDiffer &&
           count_between(b, from - shift, to - shift) >= kEnoughToDiffer;
  }

  static std::size_t count_between(const Payloads& payloads, std::int64_t from, std::int64_t to) {
    return static_cast<std::size_t>(
        std::count_if(payloads.begin(), payloads.end(), [&](const SketchedPayload& payload) {
          return payload.at_ms >= from && payload.at_ms <= to;
        }));
  }

  [[nodiscard]] PayloadMatch judge(const ChannelMatch& one, const ChannelMatch& other) const {
    const std::size_t most = std::max(one.count(), other.count());
    const std::size_t least = std::min(one.count(), other.count());
    const bool is_enough = most >= kEnough || least >= kEnoughBack;
    if (!is_enough || differ(one) || differ(other)) return {};
    if (most >= kEnough && least >= kEnoughBack) return {PayloadMatch::Kind::kBothWays, {}};
    if (!sources_tell_) return {};
    PayloadMatch match{PayloadMatch::Kind::kOneWay, {}};
    for (const ChannelMatch* channel : {&one, &other}) {
      for (const SharedPayload& shared : channel->shared) match.hashes.push_back(shared.hash);
    }
    return match;
  }

  const LegEvidence& a_;
  const LegEvidence& b_;
  const IsCommon& is_common_;
  const std::int64_t start_difference_ms_;
  const bool sources_tell_;
};

}  // namespace

PayloadMatch match_payloads(const LegEvidence& a, const LegEvidence& b, const IsCommon& is_common) {
  return Comparison(a, b, is_common).run();
}

bool relay_is_seen(const LegEvidence& a, const LegEvidence& b) {
  const auto is_sent_on = [](const LegStream& in, const LegEvidence& to) {
    return std::any_of(to.streams.begin(), to.streams.end(), [&](const LegStream& out) {
      return out.source.address == in.destination.address;
    });
  };
  const auto sends_on = [&](const LegEvidence& from, const LegEvidence& to) {
    return std::any_of(from.streams.begin(), from.streams.end(), [&](const LegStream& in) {
      return !in.destination.address.is_unspecified() && is_sent_on(in, to);
    });
  };
  return sends_on(a, b) || sends_on(b, a);
}

bool is_one_host(const LegEvidence& a, const LegEvidence& b) {
  const auto& streams = a.streams.empty() ? b.streams : a.streams;
  if (streams.empty()) return false;
  const capture::IpAddress& only = streams.front().source.address;
  const auto is_from = [&](const LegStream& stream) { return stream.source.address == only; };
  return std::all_of(a.streams.begin(), a.streams.end(), is_from) &&
         std::all_of(b.streams.begin(), b.streams.end(), is_from);
}

}  // namespace koegura::store
