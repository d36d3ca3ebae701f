#include "storyline.h"

#include <algorithm>

namespace koegura::decode {
namespace {

struct Stretch {
  double from = 0;
  double to = 0;
};

double offset(const capture::FinishedCall& call, Timestamp time, double length_s) {
  return std::clamp(to_seconds(time - call.start), 0.0, length_s);
}

// The last moment that belongs to ringing or talk: the release, not the packets after it.
double end_of(const capture::FinishedCall& call, double length_s) {
  return offset(call, call.end, length_s);
}

Stretch ringing_of(const capture::FinishedCall& call, double length_s) {
  if (!call.ringing) return {};
  const double to = call.answered ? offset(call, *call.answered, length_s) : end_of(call, length_s);
  return {.from = offset(call, *call.ringing, length_s), .to = to};
}

Stretch talk_of(const capture::FinishedCall& call, double length_s) {
  if (!call.answered) return {};
  return {.from = offset(call, *call.answered, length_s), .to = end_of(call, length_s)};
}

// Held by either side or both: one list, in order, not overlapping, within the talk.
std::vector<Stretch> holds_of(const capture::FinishedCall& call, const Stretch& talk,
                              double length_s) {
  std::vector<Stretch> holds;
  for (const capture::SignalledHold& hold : call.holds) {
    const Stretch stretch = {.from = std::max(talk.from, offset(call, hold.from, length_s)),
                             .to = std::min(talk.to, offset(call, hold.to, length_s))};
    if (stretch.from < stretch.to) holds.push_back(stretch);
  }
  std::sort(holds.begin(), holds.end(),
            [](const Stretch& a, const Stretch& b) { return a.from < b.from; });
  std::vector<Stretch> merged;
  for (const Stretch& hold : holds) {
    if (!merged.empty() && hold.from <= merged.back().to) {
      merged.back().to = std::max(merged.back().to, hold.to);
    } else {
      merged.push_back(hold);
    }
  }
  return merged;
}

}  // namespace

void add_signalled_spans(const capture::FinishedCall& call, double length_s, SpanList& spans) {
  const Stretch ringing = ringing_of(call, length_s);
  const Stretch talk = talk_of(call, length_s);
  spans.add(SpanKind::kRinging, std::nullopt, ringing.from, ringing.to);
  spans.add(SpanKind::kTalk, std::nullopt, talk.from, talk.to);
  for (const Stretch& hold : holds_of(call, talk, length_s)) {
    spans.add(SpanKind::kHold, std::nullopt, hold.from, hold.to);
  }
}

std::vector<Chapter> chapters_of(const capture::FinishedCall& call, double length_s) {
  std::vector<Chapter> chapters;
  const auto add = [&](const char* title, double from, double to) {
    if (from < to) chapters.push_back({.title = title, .from_s = from, .to_s = to});
  };
  const Stretch ringing = ringing_of(call, length_s);
  const Stretch talk = talk_of(call, length_s);
  add("ringing", ringing.from, ringing.to);
  double at = talk.from;
  for (const Stretch& hold : holds_of(call, talk, length_s)) {
    add("talk", at, hold.from);
    add("hold", hold.from, hold.to);
    at = hold.to;
  }
  add("talk", at, talk.to);
  return chapters;
}

}  // namespace koegura::decode
