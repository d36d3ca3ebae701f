// Packets that say nothing: where a microphone was muted.
#include <doctest/doctest.h>

#include "timeline_story.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

namespace {

// Speech, but for packets `from` to `to`, which say this code.
std::vector<Span> mutes(unsigned from, unsigned to, std::byte code, std::uint8_t type = 0,
                        unsigned lost = 0) {
  CallBuilder call;
  StreamBuilder& stream = call.stream(Side::kCallee);
  for (unsigned i = 0; i < 300; ++i) {
    Rtp p = packet(i);
    p.payload_type = type;
    if (i >= from && i < to) p.payload = Octets(kTicks, code);
    if (lost == 0 || i != lost) stream.rtp(p);
  }
  const RenderedCall rendered = call.render();
  CHECK(rendered.streams[0].lossless);
  return spans_of(rendered, SpanKind::kMute);
}

}  // namespace

TEST_CASE("digital silence of two seconds and more is mute, of either law") {
  for (const auto& [code, type] : {std::pair{std::byte{0xFF}, 0}, std::pair{std::byte{0x7F}, 0},
                                   std::pair{std::byte{0xD5}, 8}, std::pair{std::byte{0x55}, 8}}) {
    const auto found = mutes(50, 150, code, static_cast<std::uint8_t>(type));
    REQUIRE(found.size() == 1);
    check_span(found, 0, 1.0, 3.0);
    CHECK(found[0].channel == Side::kCallee);
    CHECK(found[0].note.empty());
  }
}

TEST_CASE("a shorter silence, and a constant that is no silence, are not mute") {
  CHECK(mutes(50, 149, std::byte{0xFF}).empty());
  CHECK(mutes(50, 250, std::byte{0x10}).empty());
}

TEST_CASE("mute to the end of the call, and from its beginning") {
  const auto last = mutes(100, 300, std::byte{0xFF});
  REQUIRE(last.size() == 1);
  check_span(last, 0, 2.0, 6.0);
  const auto first = mutes(0, 120, std::byte{0xFF});
  REQUIRE(first.size() == 1);
  check_span(first, 0, 0.0, 2.4);
}

TEST_CASE("a lost packet ends a mute: nobody knows what it said") {
  const auto found = mutes(50, 280, std::byte{0xFF}, 0, 160);
  REQUIRE(found.size() == 2);
  check_span(found, 0, 1.0, 3.2);
  check_span(found, 1, 3.22, 5.6);
}

TEST_CASE("a pause without packets is dtx, and no mute") {
  CallBuilder call;
  StreamBuilder& stream = call.stream(Side::kCaller);
  for (unsigned i = 0; i < 100; ++i) {
    Rtp p = packet(i < 50 ? i : i + 200);
    p.sequence = static_cast<std::uint16_t>(i);
    stream.rtp(p);
  }
  const RenderedCall rendered = call.render();
  CHECK(spans_of(rendered, SpanKind::kDtx).size() == 1);
  CHECK(spans_of(rendered, SpanKind::kMute).empty());
}
