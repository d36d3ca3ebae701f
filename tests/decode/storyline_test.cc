// What signalling says about the call's time, as spans and as chapters.
#include "storyline.h"

#include "call_builder.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

namespace {

capture::FinishedCall talk(double answered_s, double end_s) {
  capture::FinishedCall call;
  call.state = capture::CallState::kAnswered;
  call.start = at_ms(0);
  call.answered = at_ms(1000 * answered_s);
  call.end = at_ms(1000 * end_s);
  return call;
}

void hold(capture::FinishedCall& call, Side by, double from_s, double to_s) {
  call.holds.push_back({.by = by, .from = at_ms(1000 * from_s), .to = at_ms(1000 * to_s)});
}

void refer(capture::FinishedCall& call, double at_s, std::optional<double> done_s) {
  capture::Refer refer;
  refer.at = at_ms(1000 * at_s);
  if (done_s) {
    refer.done = at_ms(1000 * *done_s);
    refer.status = 200;
  }
  call.links.refers.push_back(refer);
}

// "hold caller 6-7, hold 7-8"
std::string spans_of(const capture::FinishedCall& call, SpanKind kind, double length_s) {
  SpanList list;
  add_signalled_spans(call, length_s, list);
  std::string text;
  for (const Span& span : list.take()) {
    if (span.kind != kind) continue;
    if (!text.empty()) text += ", ";
    text += name_of(span.kind);
    if (span.channel) text += *span.channel == Side::kCaller ? " caller" : " callee";
    text += ' ' + std::to_string(std::lround(span.from_s)) + '-' +
            std::to_string(std::lround(span.to_s));
  }
  return text;
}

std::string chapters(const capture::FinishedCall& call, double length_s) {
  std::string text;
  for (const Chapter& chapter : chapters_of(call, length_s)) {
    if (!text.empty()) text += ", ";
    text += chapter.title + ' ' + std::to_string(std::lround(chapter.from_s)) + '-' +
            std::to_string(std::lround(chapter.to_s));
  }
  return text;
}

}  // namespace

TEST_CASE("a hold says who is held: the side that did not ask for it") {
  capture::FinishedCall call = talk(2, 20);
  hold(call, Side::kCallee, 3, 5);
  hold(call, Side::kCaller, 10, 12);
  CHECK(spans_of(call, SpanKind::kHold, 20) == "hold caller 3-5, hold callee 10-12");
  CHECK(chapters(call, 20) == "talk 2-3, hold 3-5, talk 5-10, hold 10-12, talk 12-20");
}

TEST_CASE("where both sides are held there is one hold of nobody in particular") {
  capture::FinishedCall call = talk(2, 20);
  hold(call, Side::kCallee, 3, 12);
  hold(call, Side::kCaller, 6, 8);
  hold(call, Side::kCaller, 10, 15);
  CHECK(spans_of(call, SpanKind::kHold, 20) ==
        "hold caller 3-6, hold 6-8, hold caller 8-10, hold 10-12, hold callee 12-15");
  CHECK(chapters(call, 20) == "talk 2-3, hold 3-15, talk 15-20");

  capture::FinishedCall same = talk(0, 20);
  hold(same, Side::kCaller, 5, 9);
  hold(same, Side::kCallee, 5, 9);
  CHECK(spans_of(same, SpanKind::kHold, 20) == "hold 5-9");
}

TEST_CASE("holds of one side that touch or overlap are one, in whatever order they come") {
  capture::FinishedCall call = talk(0, 20);
  hold(call, Side::kCallee, 9, 12);
  hold(call, Side::kCallee, 3, 6);
  hold(call, Side::kCallee, 6, 7);
  hold(call, Side::kCallee, 10, 11);
  hold(call, Side::kCallee, 5, 5);
  CHECK(spans_of(call, SpanKind::kHold, 20) == "hold caller 3-7, hold caller 9-12");
}

TEST_CASE("holds lie within the talk and within the audio") {
  capture::FinishedCall call = talk(4, 20);
  hold(call, Side::kCallee, 1, 6);
  hold(call, Side::kCaller, 15, 30);
  CHECK(spans_of(call, SpanKind::kHold, 18) == "hold caller 4-6, hold callee 15-18");
  CHECK(chapters(call, 18) == "hold 4-6, talk 6-15, hold 15-18");
}

TEST_CASE("a transfer lasts from the REFER to its outcome, or to the end of the leg") {
  capture::FinishedCall call = talk(2, 20);
  refer(call, 5, 7);
  refer(call, 12, std::nullopt);
  CHECK(spans_of(call, SpanKind::kTransfer, 25) == "transfer 5-7, transfer 12-20");
  CHECK(chapters(call, 25) == "talk 2-5, transfer 5-7, talk 7-12, transfer 12-20");
}

TEST_CASE(
    "a transfer out of a hold is a chapter of its own, and the hold goes on after it failed") {
  capture::FinishedCall call = talk(2, 20);
  hold(call, Side::kCallee, 4, 15);
  refer(call, 8, 10);
  CHECK(spans_of(call, SpanKind::kHold, 20) == "hold caller 4-15");
  CHECK(chapters(call, 20) == "talk 2-4, hold 4-8, transfer 8-10, hold 10-15, talk 15-20");
}

TEST_CASE("transfers that overlap are one stretch, and one told after the end is cut there") {
  capture::FinishedCall call = talk(2, 20);
  refer(call, 15, 40);
  refer(call, 5, 9);
  refer(call, 6, 8);
  refer(call, 9, 9);
  refer(call, 30, std::nullopt);
  CHECK(spans_of(call, SpanKind::kTransfer, 60) == "transfer 5-9, transfer 15-20");
}

TEST_CASE("a thousand holds and transfers are cut in one pass, and chapters never overlap") {
  capture::FinishedCall call = talk(0, 4000);
  for (int i = 0; i < 1000; ++i) {
    hold(call, i % 2 == 0 ? Side::kCaller : Side::kCallee, 3.5 * i, 3.5 * i + 5);
    refer(call, 3 * i, 3 * i + 1);
  }
  const std::vector<Chapter> all = chapters_of(call, 4000);
  CHECK(all.size() > 1000);
  double at = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    REQUIRE(all[i].from_s == at);
    REQUIRE(all[i].to_s > at);
    if (i > 0) REQUIRE(all[i].title != all[i - 1].title);
    at = all[i].to_s;
  }
  CHECK(at == 4000);
}
