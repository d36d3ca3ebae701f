#include "decode/renderer.h"

#include <doctest/doctest.h>

#include <random>

#include "call_builder.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

namespace {

// Codes of G.711 in no order, and what they stand for (from ITU-T G.711 by FFmpeg's own table is
// checked in codec_test; here the sender's view: any code is fine as long as it comes back).
Octets random_codes(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  Octets codes(count);
  for (std::byte& code : codes) code = static_cast<std::byte>(random());
  return codes;
}

}  // namespace

TEST_CASE("a clean G.711 call comes out sample for sample") {
  CallBuilder call;
  const Octets voice = random_codes(160 * 250, 1);
  for (const Side side : {Side::kCaller, Side::kCallee}) {
    StreamBuilder& stream = call.stream(side, side == Side::kCaller ? 1 : 2);
    for (unsigned i = 0; i < 250; ++i) {
      stream.rtp({.at_ms = 20.0 * i, .sequence = static_cast<std::uint16_t>(65500 + i),
                  .timestamp = 0xFFFFFF00U + 160 * i, .payload_type = 0, .marker = i == 0,
                  .payload = Octets(voice.begin() + 160 * i, voice.begin() + 160 * (i + 1))});
    }
  }
  const RenderedCall rendered = call.lasts_ms(5000).render();
  const Heard heard = listen(rendered, call.folder());
  CHECK(heard.sample_rate == 8000);
  REQUIRE(heard.caller.size() == 40000);
  CHECK(heard.caller == heard.callee);
  for (std::size_t i = 0; i < heard.caller.size(); ++i) {
    const auto code = static_cast<std::uint8_t>(voice[i]);
    // 0x7F is the second code of zero.
    REQUIRE(mu_law_code(heard.caller[i]) == (code == 0x7F ? 0xFF : code));
  }
  CHECK(rendered.spans.empty());
  for (const RenderedStream& stream : rendered.streams) {
    CHECK(stream.codec == "PCMU");
    CHECK(stream.lossless);
    CHECK(stream.rendered);
    CHECK(stream.lost == 0);
    CHECK(stream.mos > 4.3);
  }
}
