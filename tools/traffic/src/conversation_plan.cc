#include "conversation_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "conversation_kinds.h"
#include "random.h"

namespace koegura::traffic {
namespace {

constexpr std::uint64_t kKind = 8;  // purposes of Random
constexpr std::uint64_t kNumber = 9;

ConversationKind draw_kind(const TrafficOptions& options, std::uint32_t index) {
  const auto wanted = [&](ConversationKind kind) {
    return options.kinds.empty() ||
           std::find(options.kinds.begin(), options.kinds.end(), kind) != options.kinds.end();
  };
  std::uint32_t sum = 0;
  for (const ConversationRow& row : conversation_rows()) sum += wanted(row.kind) ? row.weight : 0;
  std::uint32_t drawn = Random(options.seed, kKind, index).below(sum);
  for (const ConversationRow& row : conversation_rows()) {
    const std::uint32_t weight = wanted(row.kind) ? row.weight : 0;
    if (drawn < weight) return row.kind;
    drawn -= weight;
  }
  return ConversationKind::kTwin;  // not reached: the weights' sum is above what was drawn
}

// Of every 20 conversations, some in a row bear one number (a company's): those go on together.
std::string draw_number(const TrafficOptions& options, std::uint32_t index) {
  constexpr std::uint32_t kBlock = 20;
  const std::uint32_t block = index / kBlock;
  Random random(options.seed, kNumber, block);
  const auto sharing = static_cast<std::uint32_t>(options.shared_numbers * kBlock + random.unit());
  const std::uint32_t first = random.below(kBlock - std::min(sharing, kBlock) + 1);
  const std::uint32_t place = index % kBlock;
  if (place >= first && place < first + sharing) return fmt::format("045{:07}", 1'230'000 + block);
  return fmt::format("090{:08}", 12'340'000 + index);
}

}  // namespace

ConversationPlan plan_conversation(const TrafficOptions& options, std::uint32_t index,
                                   Timestamp start) {
  ConversationPlan plan;
  plan.index = index;
  plan.kind = draw_kind(options, index);
  plan.number = draw_number(options, index);
  Story story(options, std::move(plan), start);
  conversation_rows()[static_cast<std::size_t>(story.kind())].tell(story);
  return std::move(story).finish();
}

}  // namespace koegura::traffic
