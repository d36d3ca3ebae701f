// RED (RFC 2198): its payload, and what it mends.
#include "red.h"

#include <doctest/doctest.h>

#include <random>

#include "red_builder.h"
#include "timeline_story.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

namespace {

constexpr std::uint8_t kRed = 121;

// The nth packet, which also says the `levels` before it again.
Rtp red_packet(unsigned n, unsigned levels) {
  Rtp packet = test::packet(n);
  std::vector<Repeated> repeated;
  for (unsigned back = std::min(n, levels); back > 0; --back) {
    repeated.push_back({.offset = back * kTicks, .payload = test::packet(n - back).payload});
  }
  packet.payload = red(repeated, packet.payload);
  packet.payload_type = kRed;
  return packet;
}

CallBuilder& with_red(CallBuilder& call) {
  call.format(Side::kCaller, format(kRed, "red", 8000, "0/0/0"));
  call.call().media.back().formats.push_back(format(0, "PCMU"));
  return call;
}

}  // namespace

TEST_CASE("a RED payload's blocks are what RFC 2198 says, with the primary last") {
  const Octets primary = voice(0, 20);
  const Octets bytes = red({{.offset = 16383, .payload = voice(7, 3), .type = 5},
                            {.offset = 160, .payload = {}, .type = 0},
                            {.offset = 0, .payload = voice(9, 1), .type = 101}},
                           primary, 8);
  RedPayload payload;
  REQUIRE(payload.read(bytes));
  REQUIRE(payload.repeated().size() == 3);
  CHECK(payload.repeated()[0].offset == 16383);
  CHECK(payload.repeated()[0].payload_type == 5);
  CHECK(Octets(payload.repeated()[0].payload.begin(), payload.repeated()[0].payload.end()) ==
        voice(7, 3));
  CHECK(payload.repeated()[1].payload.empty());
  CHECK(payload.repeated()[2].payload_type == 101);
  CHECK(payload.repeated()[2].payload[0] == spoken(9));
  CHECK(payload.primary().payload_type == 8);
  CHECK(payload.primary().offset == 0);
  CHECK(Octets(payload.primary().payload.begin(), payload.primary().payload.end()) == primary);
}

TEST_CASE("cut anywhere, a RED payload is refused, or its primary is what is left") {
  const Octets bytes =
      red({{.offset = 160, .payload = voice(0, 10)}, {.offset = 80, .payload = voice(10, 5)}},
          voice(20, 8));
  RedPayload payload;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const bool whole = size >= 9 + 15;  // headers and all that is repeated
    CHECK(payload.read(Bytes(bytes).first(size)) == whole);
    if (whole) CHECK(payload.primary().payload.size() == size - 24);
    if (!whole) CHECK(payload.repeated().empty());
  }
  CHECK_FALSE(payload.read(Octets(64, std::byte{0x80})));  // more blocks than anybody sends
}

TEST_CASE(
    "what was lost stands by its copy, to the sample, in a span that says so; it was lost all the "
    "same") {
  for (const unsigned levels : {1U, 2U}) {
    CAPTURE(levels);
    CallBuilder call;
    StreamBuilder& stream = with_red(call).stream(Side::kCaller);
    for (unsigned i = 0; i < 100; ++i) {
      const bool lost = i == 10 || i == 40 || i == 41;
      if (!lost) stream.rtp(red_packet(i, levels));
    }
    const RenderedCall rendered = call.render();
    const Samples heard = listen(rendered, call.folder()).caller;
    CHECK(is_voice(part(heard, 0, 40 * kTicks), 0));
    if (levels == 2) CHECK(is_voice(part(heard, 40 * kTicks, 41 * kTicks), 40 * kTicks));
    if (levels == 1) CHECK(is_silence(part(heard, 40 * kTicks, 41 * kTicks)));
    CHECK(is_voice(part(heard, 41 * kTicks, 100 * kTicks), 41 * kTicks));
    const std::vector<Span> repaired = spans_of(rendered, SpanKind::kRepaired);
    REQUIRE(repaired.size() == 2);
    check_span(repaired, 0, 0.2, 0.22);
    check_span(repaired, 1, levels == 2 ? 0.8 : 0.82, 0.84);
    const std::vector<Span> loss = spans_of(rendered, SpanKind::kLoss);
    REQUIRE(loss.size() == 2 - levels);
    if (levels == 1) check_span(loss, 0, 0.8, 0.82);
    CHECK(spans_of(rendered, SpanKind::kDtx).empty());
    CHECK(rendered.streams[0].lost == 3);
    CHECK(rendered.streams[0].codec == "PCMU");
    CHECK_FALSE(rendered.streams[0].lossless);  // its packets are attached
  }
}

TEST_CASE(
    "in any order, with duplicates and losses: wherever a packet or a copy arrived, the samples "
    "are the same") {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    std::vector<Rtp> packets;
    std::vector<bool> said(300, false);
    for (unsigned i = 0; i < 300; ++i) {
      const bool lost = i != 0 && i != 299 && random() % 5 == 0;
      if (lost) continue;
      packets.push_back(red_packet(i, 2));
      packets.back().at_ms += static_cast<double>(random() % 100);
      for (unsigned back = 0; back <= std::min(i, 2U); ++back) said[i - back] = true;
      if (random() % 10 == 0) packets.push_back(packets.back());
    }
    std::stable_sort(packets.begin(), packets.end(),
                     [](const Rtp& a, const Rtp& b) { return a.at_ms < b.at_ms; });
    CallBuilder call;
    StreamBuilder& stream = with_red(call).stream(Side::kCaller);
    for (const Rtp& p : packets) stream.rtp(p);
    const Samples heard = listen(call.render(), call.folder()).caller;
    const auto start = static_cast<std::size_t>(
        std::find_if(heard.begin(), heard.end(), [](int s) { return s != 0; }) - heard.begin());
    REQUIRE(heard.size() >= start + 300 * kTicks);
    for (unsigned i = 0; i < 300; ++i) {
      const auto here = part(heard, start + i * kTicks, start + (i + 1) * kTicks);
      CHECK((said[i] ? is_voice(here, std::uint64_t{kTicks} * i) : is_silence(here)));
    }
  }
}

TEST_CASE(
    "a late original is late, and no duplicate; a payload that is no RED is kept and says why") {
  CallBuilder call;
  StreamBuilder& stream = with_red(call).stream(Side::kCaller);
  for (unsigned i = 0; i < 500; ++i) {
    if (i != 10) stream.rtp(red_packet(i, 1));
    if (i == 400) {
      Rtp late = red_packet(10, 1);
      late.at_ms = 20.0 * i + 1;
      stream.rtp(late);
    }
  }
  const RenderedCall rendered = call.render();
  CHECK(rendered.streams[0].duplicates == 0);
  CHECK(spans_of(rendered, SpanKind::kLate).size() == 1);

  CallBuilder broken;
  StreamBuilder& other = with_red(broken).stream(Side::kCaller);
  for (unsigned i = 0; i < 50; ++i) {
    Rtp packet = test::packet(i);
    packet.payload_type = kRed;
    packet.payload = Octets(20, std::byte{0xFF});
    other.rtp(packet);
  }
  CHECK(broken.render().silent_because.find("RED payload (RFC 2198)") != std::string::npos);
}
