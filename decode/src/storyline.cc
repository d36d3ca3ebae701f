#include "storyline.h"

#include <algorithm>
#include <array>
#include <bit>
#include <span>

namespace koegura::decode {
namespace {

struct Stretch {
  double from = 0;
  double to = 0;
};

// In order, not overlapping.
using Stretches = std::vector<Stretch>;

// What signalling says, cut to the length of the call.
struct Storyline {
  Stretch ringing;
  Stretch talk;
  std::array<Stretches, 2> held;  // by who is held
  Stretches transfers;
};

Stretches in_order(Stretches stretches) {
  std::sort(stretches.begin(), stretches.end(),
            [](const Stretch& a, const Stretch& b) { return a.from < b.from; });
  Stretches merged;
  for (const Stretch& stretch : stretches) {
    if (stretch.from >= stretch.to) continue;
    if (!merged.empty() && stretch.from <= merged.back().to) {
      merged.back().to = std::max(merged.back().to, stretch.to);
    } else {
      merged.push_back(stretch);
    }
  }
  return merged;
}

Storyline storyline_of(const capture::FinishedCall& call, double length_s) {
  const auto offset = [&](Timestamp time) {
    return std::clamp(to_seconds(time - call.start), 0.0, length_s);
  };
  // The last moment that belongs to ringing, talk or a transfer: the release, not the packets after
  // it.
  const double end = offset(call.end);
  Storyline story;
  if (call.ringing) {
    story.ringing = {.from = offset(*call.ringing),
                     .to = call.answered ? offset(*call.answered) : end};
  }
  if (call.answered) story.talk = {.from = offset(*call.answered), .to = end};
  for (const capture::SignalledHold& hold : call.holds) {
    story.held[static_cast<std::size_t>(capture::other(hold.by))].push_back(
        {.from = std::max(story.talk.from, offset(hold.from)),
         .to = std::min(story.talk.to, offset(hold.to))});
  }
  for (Stretches& held : story.held) held = in_order(std::move(held));
  for (const capture::Refer& refer : call.links.refers) {
    story.transfers.push_back(
        {.from = offset(refer.at), .to = std::min(end, refer.done ? offset(*refer.done) : end)});
  }
  story.transfers = in_order(std::move(story.transfers));
  return story;
}

// Cuts time wherever a stretch of a layer begins or ends. Visits the parts that lie in any layer,
// in order; the bits of `inside` say in which.
template <typename Visit>  // void(const Stretch& part, unsigned inside)
void cut(std::span<const Stretches> layers, Visit visit) {
  std::vector<double> edges;
  for (const Stretches& layer : layers) {
    for (const Stretch& stretch : layer) edges.insert(edges.end(), {stretch.from, stretch.to});
  }
  std::sort(edges.begin(), edges.end());
  std::vector<std::size_t> next(layers.size());  // the first that is not over
  for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
    const Stretch part = {.from = edges[i], .to = edges[i + 1]};
    if (part.from == part.to) continue;
    unsigned inside = 0;
    for (std::size_t l = 0; l < layers.size(); ++l) {
      const Stretches& layer = layers[l];
      while (next[l] < layer.size() && layer[next[l]].to <= part.from) ++next[l];
      if (next[l] < layer.size() && layer[next[l]].from <= part.from) inside |= 1U << l;
    }
    if (inside != 0) visit(part, inside);
  }
}

}  // namespace

void add_signalled_spans(const capture::FinishedCall& call, double length_s, SpanList& spans) {
  const Storyline story = storyline_of(call, length_s);
  const auto add = [&](SpanKind kind, std::optional<Side> channel, const Stretch& stretch) {
    spans.add(kind, channel, stretch.from, stretch.to);
  };
  add(SpanKind::kRinging, std::nullopt, story.ringing);
  add(SpanKind::kTalk, std::nullopt, story.talk);
  cut(story.held, [&](const Stretch& part, unsigned held) {
    constexpr std::optional<Side> kHeld[] = {std::nullopt, Side::kCaller, Side::kCallee,
                                             std::nullopt};
    add(SpanKind::kHold, kHeld[held], part);
  });
  for (const Stretch& transfer : story.transfers) {
    add(SpanKind::kTransfer, std::nullopt, transfer);
  }
}

std::vector<Chapter> chapters_of(const capture::FinishedCall& call, double length_s) {
  const Storyline story = storyline_of(call, length_s);
  // Of what lies over each other, the last one tells most.
  const std::array layers = {in_order({story.ringing}), in_order({story.talk}), story.held[0],
                             story.held[1], story.transfers};
  constexpr std::array kTitles = {"ringing", "talk", "hold", "hold", "transfer"};
  static_assert(layers.size() == kTitles.size());
  std::vector<Chapter> chapters;
  cut(layers, [&](const Stretch& part, unsigned inside) {
    const std::string title = kTitles[static_cast<std::size_t>(std::bit_width(inside)) - 1];
    const bool goes_on =
        !chapters.empty() && chapters.back().title == title && chapters.back().to_s == part.from;
    if (goes_on) {
      chapters.back().to_s = part.to;
    } else {
      chapters.push_back({.title = title, .from_s = part.from, .to_s = part.to});
    }
  });
  return chapters;
}

}  // namespace koegura::decode
