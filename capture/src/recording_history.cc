#include "recording_history.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace koegura::capture {
namespace {

// A year of hourly trouble; what is older than any call is forgotten.
constexpr std::size_t kMostKept = 10'000;
// The receive threads' clocks and ours may differ by a little.
constexpr Duration kClose = std::chrono::seconds(1);
// What came so shortly before a kill may not have been written: the longest flush interval.
constexpr Duration kUnwritten = std::chrono::seconds(2);
constexpr Duration kPacketTime =
    std::chrono::milliseconds(100);  // no stream pauses so long unnoticed

// A call that ended just before the recorder was killed: its BYE is kept, and of its sound the last
// moment may not be. Where from, if so.
std::optional<Timestamp> torn_from(const FinishedCall& call, const Outage& outage) {
  if (call.end > outage.from || call.end + kUnwritten < outage.from) return std::nullopt;
  std::optional<Timestamp> from;
  for (const FinishedStream& stream : call.streams) {
    const bool torn = stream.last + kUnwritten > call.end && stream.last + kPacketTime < call.end;
    if (torn) from = std::min(from.value_or(stream.last), stream.last);
  }
  return from;
}

}  // namespace

void RecordingHistory::add(const WallOffset& offset) {
  const Duration before = wall_offsets_.empty() ? Duration::zero() : wall_offsets_.back().offset;
  if (offset.offset == before) return;
  if (wall_offsets_.size() == kMostKept) wall_offsets_.erase(wall_offsets_.begin());
  wall_offsets_.push_back(offset);
}

std::vector<ClockStep> RecordingHistory::clock_steps() const {
  std::vector<ClockStep> steps;
  Duration before{};
  for (const WallOffset& at : wall_offsets_) {
    steps.push_back({.at = at.from, .by = at.offset - before});
    before = at.offset;
  }
  return steps;
}

void RecordingHistory::describe(FinishedCall& call) const {
  for (const WallOffset& at : wall_offsets_) {
    if (at.from <= call.start) call.wall_offset = at.offset;
  }
  for (const ClockStep& step : clock_steps()) {
    if (step.at > call.start && step.at < call.end) call.clock_steps.push_back(step);
  }
  for (const Outage& outage : outages_) {
    if (outage.from < call.end && outage.to > call.start && outage.from >= call.start) {
      call.outages.push_back({outage.from, std::min(outage.to, call.end)});
    } else if (const auto from = torn_from(call, outage)) {
      call.outages.push_back({*from, call.end});
    }
  }
}

bool RecordingHistory::goes_on(const FinishedStream& before, const FinishedStream& after) const {
  const bool same = before.source == after.source && before.destination == after.destination &&
                    before.ssrc == after.ssrc && before.side == after.side &&
                    before.kind == after.kind;
  return same && std::any_of(outages_.begin(), outages_.end(), [&](const Outage& outage) {
           return before.last <= outage.from + kClose && after.first + kClose >= outage.to;
         });
}

void RecordingHistory::mend(std::vector<FinishedStream>& streams) const {
  if (outages_.empty()) return;
  std::vector<FinishedStream> mended;
  for (FinishedStream& stream : streams) {
    const auto before = std::find_if(mended.rbegin(), mended.rend(),
                                     [&](const auto& earlier) { return goes_on(earlier, stream); });
    if (before == mended.rend()) {
      mended.push_back(std::move(stream));
      continue;
    }
    before->last = std::max(before->last, stream.last);
    before->packets += stream.packets;
    before->duplicates += stream.duplicates;
    before->bytes += stream.bytes;
    before->spooled.append(stream.spooled);
  }
  streams = std::move(mended);
}

}  // namespace koegura::capture
