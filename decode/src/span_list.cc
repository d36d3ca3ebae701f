#include "span_list.h"

#include <algorithm>

namespace koegura::decode {

std::size_t SpanList::row(SpanKind kind, std::optional<Side> channel) {
  const std::size_t column = channel ? 1 + static_cast<std::size_t>(*channel) : 0;
  return static_cast<std::size_t>(kind) * 3 + column;
}

void SpanList::add(SpanKind kind, std::optional<Side> channel, double from_s, double to_s,
                   const std::string& note) {
  if (to_s <= from_s) return;
  std::size_t& last = last_[row(kind, channel)];
  if (last != kNone) {
    Span& before = spans_[last];
    if (from_s - before.to_s <= bridge_s_ && before.note == note) {
      before.to_s = std::max(before.to_s, to_s);
      return;
    }
  }
  last = spans_.size();
  spans_.push_back(
      {.kind = kind, .channel = channel, .from_s = from_s, .to_s = to_s, .note = note});
  if (spans_.size() >= kMaxSpans) coarsen();
}

void SpanList::coarsen() {
  while (spans_.size() > kMaxSpans / 2) {
    bridge_s_ = std::max(1.0, 2 * bridge_s_);
    std::vector<Span> finer = std::exchange(spans_, {});
    last_ = make_last();
    for (Span& span : finer) join(std::move(span));
  }
}

// To the last span of its kind if it is near. Notes do not keep spans apart here: the first one
// stands for all.
void SpanList::join(Span span) {
  std::size_t& last = last_[row(span.kind, span.channel)];
  if (last != kNone && span.from_s - spans_[last].to_s <= bridge_s_) {
    spans_[last].to_s = std::max(spans_[last].to_s, span.to_s);
  } else {
    last = spans_.size();
    spans_.push_back(std::move(span));
  }
}

std::vector<Span> SpanList::take() {
  std::stable_sort(spans_.begin(), spans_.end(),
                   [](const Span& a, const Span& b) { return a.from_s < b.from_s; });
  last_ = make_last();
  return std::exchange(spans_, {});
}

}  // namespace koegura::decode
