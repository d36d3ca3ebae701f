// The recorder was away while the call went on: what it did not hear is an outage, and nothing
// else.
#include <doctest/doctest.h>

#include <random>

#include "timeline_story.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

namespace {

CallBuilder& away(CallBuilder& call, double from_ms, double to_ms) {
  call.call().outages.push_back({.from = at_ms(from_ms), .to = at_ms(to_ms)});
  return call;
}

// Of both speakers' packets [from, to), all arrive.
void speak(std::array<StreamBuilder*, 2> streams, unsigned from, unsigned to) {
  for (unsigned i = from; i < to; ++i) {
    for (StreamBuilder* stream : streams) stream->rtp(packet(i));
  }
}

struct Expected {
  SpanKind kind;
  std::optional<Side> channel;
  double from_s;
  double to_s;
};

// All spans but the talk.
void check_gaps(const RenderedCall& call, const std::vector<Expected>& expected) {
  std::vector<Span> gaps;
  for (const Span& span : call.spans) {
    if (span.kind != SpanKind::kTalk) gaps.push_back(span);
  }
  REQUIRE(gaps.size() == expected.size());
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    CAPTURE(i);
    CHECK(name_of(gaps[i].kind) == name_of(expected[i].kind));
    CHECK(gaps[i].channel == expected[i].channel);
    CHECK(gaps[i].from_s == doctest::Approx(expected[i].from_s));
    CHECK(gaps[i].to_s == doctest::Approx(expected[i].to_s));
  }
}

const auto kBoth = std::nullopt;

}  // namespace

TEST_CASE("an outage is one span of both channels, and around it no sample is lost or moved") {
  for (const unsigned missed : {2U, 5U, 20U, 24U, 26U, 150U, 1000U}) {
    CAPTURE(missed);
    CallBuilder call;
    std::array streams = {&call.stream(Side::kCaller, 1), &call.stream(Side::kCallee, 2)};
    speak(streams, 0, 100);
    speak(streams, 100 + missed, 200 + missed);
    const double end_s = 2 + 0.02 * missed;
    const RenderedCall rendered =
        away(call, 1980, 1000 * end_s - 7).lasts_ms(1000 * end_s + 2000).render();
    const Heard heard = listen(rendered, call.folder());
    for (const Samples* side : {&heard.caller, &heard.callee}) {
      const std::size_t again = std::size_t{100 + missed} * kTicks;
      CHECK(is_voice(part(*side, 0, 16000), 0));
      CHECK(is_silence(part(*side, 16000, again)));
      CHECK(is_voice(part(*side, again, again + 16000), again));
    }
    check_gaps(rendered, {{SpanKind::kOutage, kBoth, 2, end_s}});
    CHECK(spans_of(rendered, SpanKind::kOutage)[0].note == "the recorder was away");
    for (const RenderedStream& stream : rendered.streams) {
      CHECK(stream.lost == 0);
      CHECK(stream.duplicates == 0);
      CHECK(stream.reordered == 0);
      CHECK(stream.jitter_ms < 1);
      CHECK(stream.mos > 4.3);
      CHECK(stream.lossless);
    }
  }
}

TEST_CASE("sequence numbers that came round while the recorder was away are no copies") {
  for (const unsigned missed :
       {65'536U - 106, 65'536U - 6, 65'536U, 65'536U + 6, 3 * 65'536U - 1}) {
    CAPTURE(missed);
    CallBuilder call;
    std::array streams = {&call.stream(Side::kCaller, 1), &call.stream(Side::kCallee, 2)};
    speak(streams, 0, 100);
    speak(streams, 100 + missed, 200 + missed);
    const double end_s = 2 + 0.02 * missed;
    const RenderedCall rendered =
        away(call, 1985, 1000 * end_s).lasts_ms(1000 * end_s + 2000).render();
    const Samples heard = listen(rendered, call.folder()).callee;
    const std::size_t again = std::size_t{100 + missed} * kTicks;
    CHECK(is_voice(part(heard, 0, 16000), 0));
    CHECK(is_voice(part(heard, again, again + 16000), again));
    check_gaps(rendered, {{SpanKind::kOutage, kBoth, 2, end_s}});
    CHECK(rendered.streams[1].lost == 0);
    CHECK(rendered.streams[1].duplicates == 0);
    CHECK(rendered.streams[1].lossless);
  }
}

TEST_CASE("of several outages none is loss, and what was lost between them is") {
  CallBuilder call;
  std::array streams = {&call.stream(Side::kCaller, 1), &call.stream(Side::kCallee, 2)};
  speak(streams, 0, 100);
  speak(streams, 150, 175);
  for (unsigned i = 175; i < 180; ++i) streams[0]->rtp(packet(i));
  speak(streams, 180, 200);
  speak(streams, 260, 300);
  away(call, 1980, 3000);
  away(call, 3980, 5190);
  const RenderedCall rendered = call.lasts_ms(6000).render();
  check_gaps(rendered, {{SpanKind::kOutage, kBoth, 2, 3},
                        {SpanKind::kLoss, Side::kCallee, 3.5, 3.6},
                        {SpanKind::kOutage, kBoth, 4, 5.2}});
  CHECK(rendered.streams[0].lost == 0);
  CHECK(rendered.streams[1].lost == 5);
  CHECK(is_voice(part(listen(rendered, call.folder()).callee, 260 * kTicks, 300 * kTicks),
                 260 * kTicks));
}

TEST_CASE("what had not been written when the recorder was killed belongs to the outage") {
  CallBuilder call;
  std::array streams = {&call.stream(Side::kCaller, 1), &call.stream(Side::kCallee, 2)};
  speak(streams, 0, 100);
  for (unsigned i = 100; i < 140; ++i) streams[1]->rtp(packet(i));
  for (unsigned i = 200; i < 205; ++i) streams[1]->rtp(packet(i));
  speak(streams, 205, 300);
  const RenderedCall rendered = away(call, 2780, 3990).lasts_ms(6000).render();
  check_gaps(rendered, {{SpanKind::kOutage, Side::kCaller, 2, 2.8},
                        {SpanKind::kOutage, kBoth, 2.8, 4},
                        {SpanKind::kOutage, Side::kCaller, 4, 4.1}});
  CHECK(rendered.streams[0].lost == 0);
}

TEST_CASE("a speaker who was silent before and after an outage was silent, and within it unknown") {
  CallBuilder call;
  StreamBuilder& stream = call.stream(Side::kCaller);
  StreamBuilder& other = call.stream(Side::kCallee, 2);
  for (unsigned i = 0; i < 900; ++i) {
    if (i < 100 || i >= 800) stream.rtp(packet(i));
    if (i < 450 || i >= 500) other.rtp(packet(i));
  }
  const RenderedCall rendered = away(call, 8990, 9995).lasts_ms(18'000).render();
  check_gaps(rendered, {{SpanKind::kDtx, Side::kCaller, 2, 8.99},
                        {SpanKind::kOutage, Side::kCaller, 8.99, 9},
                        {SpanKind::kOutage, kBoth, 9, 9.995},
                        {SpanKind::kDtx, Side::kCaller, 9.995, 16},
                        {SpanKind::kOutage, Side::kCallee, 9.995, 10}});
}

TEST_CASE("streams that ended, and others that began, while the recorder was away") {
  CallBuilder call;
  StreamBuilder& before = call.stream(Side::kCaller, 1);
  for (unsigned i = 0; i < 90; ++i) before.rtp(packet(i));
  StreamBuilder& after = call.stream(Side::kCaller, 7);
  for (unsigned i = 150; i < 200; ++i) after.rtp(packet(i, 31'000, 777));
  const RenderedCall rendered = away(call, 2000, 2990).lasts_ms(4000).render();
  const Samples heard = listen(rendered, call.folder()).caller;
  CHECK(is_voice(part(heard, 0, 90 * kTicks), 0));
  CHECK(is_voice(part(heard, 150 * kTicks, 200 * kTicks), 150 * kTicks));
  check_gaps(rendered, {{SpanKind::kNoMedia, Side::kCallee, 0, 2},
                        {SpanKind::kOutage, Side::kCaller, 1.8, 2},
                        {SpanKind::kOutage, kBoth, 2, 2.99},
                        {SpanKind::kNoMedia, Side::kCallee, 2.99, 4},
                        {SpanKind::kOutage, Side::kCaller, 2.99, 3}});
}

TEST_CASE("a sender that started anew while the recorder was away goes on where it arrives") {
  CallBuilder call;
  StreamBuilder& stream = call.stream(Side::kCaller);
  for (unsigned i = 0; i < 100; ++i) stream.rtp(packet(i));
  for (unsigned i = 200; i < 300; ++i) stream.rtp(packet(i, 9, 0x90000000));
  const RenderedCall rendered = away(call, 1980, 3999).lasts_ms(6000).render();
  CHECK(is_voice(part(listen(rendered, call.folder()).caller, 32000, 48000), 32000));
  CHECK(spans_of(rendered, SpanKind::kLoss).empty());
  CHECK(spans_of(rendered, SpanKind::kDtx).empty());
  check_span(spans_of(rendered, SpanKind::kOutage), 1, 2, 3.999);
}

TEST_CASE("a sender that started anew between two outages, a second apart, has lost nothing") {
  CallBuilder call;
  StreamBuilder& stream = call.stream(Side::kCaller);
  for (unsigned i = 0; i < 100; ++i) stream.rtp(packet(i));
  for (unsigned i = 240; i < 260; ++i) stream.rtp(packet(i, 9, 0x90000000));
  for (unsigned i = 300; i < 400; ++i) stream.rtp(packet(i, 9, 0x90000000));
  away(call, 1980, 3999);
  const RenderedCall rendered = away(call, 5190, 5999).lasts_ms(8000).render();
  CHECK(spans_of(rendered, SpanKind::kLoss).empty());
  CHECK(spans_of(rendered, SpanKind::kDtx).empty());
  CHECK(rendered.streams[0].lost == 0);
  CHECK(is_voice(part(listen(rendered, call.folder()).caller, 48000, 64000), 48000));
}

TEST_CASE("packets that nobody can decode are undecodable before and after, and away in between") {
  CallBuilder call;
  call.format(Side::kCaller, format(96, "EVS", 16000));
  StreamBuilder& stream = call.stream(Side::kCaller);
  say(stream, {.from_ms = 0, .to_ms = 2000, .payload_type = 96});
  say(stream, {.from_ms = 2600, .to_ms = 4000, .payload_type = 96});
  const RenderedCall rendered = away(call, 1980, 2590).lasts_ms(4000).render();
  CHECK(spans_of(rendered, SpanKind::kLoss).empty());
  const std::vector<Span> undecodable = spans_of(rendered, SpanKind::kUndecodable);
  REQUIRE(undecodable.size() == 2);
  check_span(undecodable, 1, 2.6, 4);
  CHECK(rendered.streams[0].lost == 0);
}

TEST_CASE("a call without media shows its outages, cut to its length") {
  CallBuilder call;
  away(call, -500, 1000);
  away(call, 2000, 2500);
  away(call, 3500, 9000);
  const RenderedCall rendered = call.lasts_ms(4000).render();
  check_gaps(rendered, {{SpanKind::kOutage, kBoth, 0, 1},
                        {SpanKind::kOutage, kBoth, 2, 2.5},
                        {SpanKind::kOutage, kBoth, 3.5, 4}});
}

// As in timeline_test.cc, with both sides and a recorder that comes and goes.
TEST_CASE("with outages, too, every sample that was not on the wire is inside one typed span") {
  std::mt19937 random(5);
  for (unsigned round = 0; round < 20; ++round) {
    CallBuilder call;
    std::vector<std::pair<double, double>> outages;
    for (double at = 1000; at < 12'000; at += 1000 + random() % 4000) {
      outages.emplace_back(at, at + 30 + random() % 2500);
      at = outages.back().second;
    }
    for (const auto& [from, to] : outages) away(call, from, to);
    for (const Side side : {Side::kCaller, Side::kCallee}) {
      StreamBuilder& stream = call.stream(side, random());
      std::uint32_t timestamp = 1000 * random();
      auto sequence = static_cast<std::uint16_t>(random());
      double at_ms = static_cast<double>(random() % 3000);
      for (unsigned i = 0; i < 600; ++i) {
        const unsigned pause = random() % 20 == 1 ? random() % 100 * kTicks : 0;
        timestamp += pause;
        at_ms += pause / 8.0;
        const bool heard = std::none_of(outages.begin(), outages.end(), [&](const auto& outage) {
          return at_ms > outage.first && at_ms < outage.second;
        });
        if (heard && random() % 30 != 0) {
          stream.rtp(
              {.at_ms = at_ms, .sequence = sequence, .timestamp = timestamp, .payload = voice(i)});
        }
        ++sequence;
        timestamp += kTicks;
        at_ms += 20;
      }
    }
    const RenderedCall rendered = call.lasts_ms(20'000).render();
    const Heard heard = listen(rendered, call.folder());
    for (const Side side : {Side::kCaller, Side::kCallee}) {
      std::vector<bool> explained(heard[side].size(), false);
      bool overlaps = false;
      for (const Span& span : rendered.spans) {
        if (span.kind == SpanKind::kTalk || span.channel.value_or(side) != side) continue;
        const auto from = static_cast<std::size_t>(std::llround(span.from_s * 8000));
        const auto to = static_cast<std::size_t>(std::llround(span.to_s * 8000));
        REQUIRE(to <= heard[side].size());
        for (std::size_t i = from; i < to; ++i) {
          overlaps = overlaps || explained[i];
          explained[i] = true;
        }
      }
      CHECK_FALSE(overlaps);
      std::vector<bool> silent;
      for (const std::int16_t sample : heard[side]) silent.push_back(sample == 0);
      CHECK(explained == silent);
    }
  }
}
