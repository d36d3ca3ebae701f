#include "loss_verdict.h"

#include <algorithm>
#include <vector>

namespace koegura::decode {
namespace {

// Numbers from after `from` to `to`.
struct Numbers {
  std::int64_t from = 0;
  std::int64_t to = 0;

  [[nodiscard]] std::int64_t shared(const LossRun& run) const {
    const std::int64_t first = std::max(from + 1, run.sequence);
    const std::int64_t last = std::min(to, run.sequence + run.packets - 1);
    return std::max<std::int64_t>(0, last - first + 1);
  }
};

// The runs that reach into a window. Windows follow each other, so each search goes on from the
// last one.
class RunCursor {
 public:
  explicit RunCursor(std::span<LossRun> runs) : runs_(runs) {}
  std::span<LossRun> within(const Numbers& window) {
    while (first_ < runs_.size() &&
           runs_[first_].sequence + runs_[first_].packets - 1 <= window.from) {
      ++first_;
    }
    std::size_t end = first_;
    while (end < runs_.size() && runs_[end].sequence <= window.to) ++end;
    return runs_.subspan(first_, end - first_);
  }

 private:
  std::span<LossRun> runs_;
  std::size_t first_ = 0;
};

std::int64_t missing_in(const Numbers& window, std::span<const LossRun> runs) {
  std::int64_t missing = 0;
  for (const LossRun& run : runs) missing += window.shared(run);
  return missing;
}

// How far the numbers were ahead of the packets that the sender had counted, at a report.
struct Lead {
  std::int64_t highest = 0;
  std::int64_t lead = 0;
};

std::vector<Lead> leads_of(const LossEvidence& evidence) {
  std::vector<Lead> leads;
  if (evidence.from_the_beginning) {
    leads.push_back({.highest = evidence.first_sequence - 1, .lead = 0});
  }
  std::uint32_t counted =
      evidence.from_the_beginning || evidence.sent.empty() ? 0 : evidence.sent.front().packets;
  std::int64_t packets = 0;  // counted on over 2^32
  for (std::size_t i = 0; i < evidence.sent.size(); ++i) {
    packets += static_cast<std::int32_t>(evidence.sent[i].packets - counted);
    counted = evidence.sent[i].packets;
    if (evidence.at_sent[i].packets == 0) continue;
    const std::int64_t highest = evidence.at_sent[i].highest;
    leads.push_back({.highest = highest, .lead = highest - evidence.first_sequence + 1 - packets});
  }
  return leads;
}

// By how much the lead grew for good between two reports.
std::int64_t lasting_growth(std::span<const Lead> leads, std::size_t before) {
  constexpr std::size_t kAround = 3;
  const std::size_t first = before + 1 >= kAround ? before + 1 - kAround : 0;
  const std::size_t end = std::min(leads.size(), before + 1 + kAround);
  std::int64_t highest_before = leads[first].lead;
  std::int64_t lowest_after = leads[before + 1].lead;
  for (std::size_t i = first; i <= before; ++i) {
    highest_before = std::max(highest_before, leads[i].lead);
  }
  for (std::size_t i = before + 1; i < end; ++i) {
    lowest_after = std::min(lowest_after, leads[i].lead);
  }
  return lowest_after - highest_before;
}

// What was never sent becomes kSender; undecided is told of runs that may be partly that.
void judge_by_sender(const LossEvidence& evidence, std::span<LossRun> runs,
                     std::vector<bool>& undecided) {
  constexpr std::int64_t kCertain = 3;  // of so many, one more or less is no matter
  const std::vector<Lead> leads = leads_of(evidence);
  RunCursor cursor(runs);
  for (std::size_t i = 0; i + 1 < leads.size(); ++i) {
    const Numbers window{.from = leads[i].highest, .to = leads[i + 1].highest};
    const std::span<LossRun> within = cursor.within(window);
    const std::int64_t missing = missing_in(window, within);
    const std::int64_t unsent = lasting_growth(leads, i);
    if (missing == 0 || unsent <= 0) continue;
    // A single packet, and no second report that confirms it.
    const bool doubtful = missing == 1 && i + 2 == leads.size();
    const bool all = unsent >= missing || (missing >= kCertain && unsent >= missing - 1);
    // A run lies in one window: each ends at a packet that came.
    for (LossRun& run : within) {
      if (all && !doubtful) run.lost_by = LostBy::kSender;
      undecided[static_cast<std::size_t>(&run - runs.data())] = !all || doubtful;
    }
  }
}

// One window of the receiver's.
struct Reception {
  Numbers window;
  std::int64_t lost = 0;
};

std::vector<Reception> receptions_of(const LossEvidence& evidence) {
  std::vector<Reception> receptions;
  std::int64_t from = evidence.first_sequence - 1;
  std::int64_t lost_before = 0;
  bool has_before = evidence.from_the_beginning;
  for (std::size_t i = 0; i < evidence.received.size(); ++i) {
    const ReceivedReport& report = evidence.received[i];
    if (evidence.at_received[i].packets == 0) continue;
    // The receiver counts cycles of its own: its number is the one next to ours.
    const std::int64_t near = evidence.at_received[i].highest;
    const std::int64_t highest =
        near + static_cast<std::int16_t>(static_cast<std::uint16_t>(report.highest) -
                                         static_cast<std::uint16_t>(near));
    const std::int64_t lost = report.lost - lost_before;
    // One that missed nothing at all so far missed nothing of what we saw either.
    const bool usable = (has_before || report.lost == 0) && highest > from && lost >= 0;
    if (usable) receptions.push_back({.window = {.from = from, .to = highest}, .lost = lost});
    if (highest < from) continue;  // overtaken
    from = highest;
    lost_before = report.lost;
    has_before = true;
  }
  return receptions;
}

// What the receiver says of one window.
struct Verdict {
  LostBy by = LostBy::kUnknown;
  std::int64_t network = 0;
  std::int64_t tap = 0;
};

Verdict verdict_of(std::int64_t missing, std::int64_t receiver_missed) {
  const std::int64_t network = std::clamp<std::int64_t>(receiver_missed, 0, missing);
  Verdict verdict{.network = network, .tap = missing - network};
  if (network == 0) verdict.by = LostBy::kTap;
  if (network == missing) verdict.by = LostBy::kNetwork;
  return verdict;
}

void judge_by_receiver(const LossEvidence& evidence, std::span<LossRun> runs,
                       std::vector<bool>& undecided, LossShares& shares) {
  RunCursor cursor(runs);
  std::vector<std::int64_t> judged(runs.size());  // packets of each, so far
  for (const Reception& reception : receptions_of(evidence)) {
    const std::span<LossRun> within = cursor.within(reception.window);
    std::int64_t missing = 0;
    std::int64_t receiver_missed = reception.lost;
    for (const LossRun& run : within) {
      const std::int64_t part = reception.window.shared(run);
      (run.lost_by == LostBy::kSender ? receiver_missed : missing) +=
          run.lost_by == LostBy::kSender ? -part : part;
    }
    if (missing == 0) continue;
    const Verdict verdict = verdict_of(missing, receiver_missed);
    shares.network += static_cast<std::uint32_t>(verdict.network);
    shares.tap += static_cast<std::uint32_t>(verdict.tap);
    for (LossRun& run : within) {
      if (run.lost_by == LostBy::kSender) continue;
      const auto index = static_cast<std::size_t>(&run - runs.data());
      const bool agrees = judged[index] == 0 || run.lost_by == verdict.by;
      const bool unsure = undecided[index] && verdict.by != LostBy::kTap;
      run.lost_by = agrees && !unsure ? verdict.by : LostBy::kUnknown;
      undecided[index] = undecided[index] || !agrees;
      judged[index] += reception.window.shared(run);
    }
  }
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const bool whole = runs[i].lost_by == LostBy::kSender || judged[i] == runs[i].packets;
    if (!whole) runs[i].lost_by = LostBy::kUnknown;
  }
}

}  // namespace

LossShares judge_losses(const LossEvidence& evidence, std::span<LossRun> runs) {
  LossShares shares;
  std::vector<bool> undecided(runs.size());
  judge_by_sender(evidence, runs, undecided);
  judge_by_receiver(evidence, runs, undecided, shares);
  std::int64_t all = 0;
  for (const LossRun& run : runs) {
    all += run.packets;
    if (run.lost_by == LostBy::kSender) shares.sender += static_cast<std::uint32_t>(run.packets);
  }
  shares.unknown = static_cast<std::uint32_t>(all) - shares.network - shares.tap - shares.sender;
  return shares;
}

}  // namespace koegura::decode
