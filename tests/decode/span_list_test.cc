#include "span_list.h"

#include <doctest/doctest.h>

using namespace koegura::decode;

TEST_CASE("neighbours of one kind, channel and reason become one span, others do not") {
  SpanList list;
  list.add(SpanKind::kLoss, Side::kCaller, 1, 2);
  list.add(SpanKind::kLoss, Side::kCallee, 2, 3);
  list.add(SpanKind::kLoss, Side::kCaller, 2, 3);
  list.add(SpanKind::kLoss, Side::kCaller, 4, 5);
  list.add(SpanKind::kUndecodable, Side::kCaller, 5, 6, "EVS");
  list.add(SpanKind::kUndecodable, Side::kCaller, 6, 7, "SILK");
  list.add(SpanKind::kTalk, std::nullopt, 0, 9);
  list.add(SpanKind::kHold, std::nullopt, 3, 3);
  const std::vector<Span> spans = list.take();
  REQUIRE(spans.size() == 6);
  CHECK(spans[0].kind == SpanKind::kTalk);
  CHECK(spans[1].from_s == 1);
  CHECK(spans[1].to_s == 3);
  CHECK(spans[2].channel == Side::kCallee);
  CHECK(spans[4].note == "EVS");
  CHECK(spans[5].note == "SILK");
}

TEST_CASE("every kind is kept apart from the others, on each channel") {
  SpanList list;
  std::size_t added = 0;
  for (auto kind = SpanKind::kRinging; kind <= SpanKind::kTransfer;
       kind = static_cast<SpanKind>(static_cast<int>(kind) + 1)) {
    CHECK_FALSE(name_of(kind).empty());
    for (const std::optional<Side> channel :
         {std::optional<Side>(), std::optional(Side::kCaller), std::optional(Side::kCallee)}) {
      list.add(kind, channel, 1, 2);
      list.add(kind, channel, 2, 3);
      ++added;
    }
  }
  const std::vector<Span> spans = list.take();
  REQUIRE(spans.size() == added);
  for (const Span& span : spans) CHECK(span.to_s == 3);
}

TEST_CASE("a million holes give at most ten thousand spans, that still cover each of them") {
  SpanList list;
  for (int i = 0; i < 1'000'000; ++i) {
    list.add(SpanKind::kLoss, i % 2 == 0 ? Side::kCaller : Side::kCallee, i * 0.04,
             i * 0.04 + 0.02);
  }
  const std::vector<Span> spans = list.take();
  CHECK(spans.size() < SpanList::kMaxSpans);
  std::array<std::size_t, 2> at = {0, 0};
  for (int i = 0; i < 1'000'000; ++i) {
    const Side side = i % 2 == 0 ? Side::kCaller : Side::kCallee;
    std::size_t& index = at[static_cast<std::size_t>(side)];
    while (index < spans.size() && (spans[index].channel != side || spans[index].to_s < i * 0.04)) {
      ++index;
    }
    REQUIRE(index < spans.size());
    REQUIRE(spans[index].from_s <= i * 0.04);
    REQUIRE(spans[index].to_s >= i * 0.04 + 0.02);
  }
}
