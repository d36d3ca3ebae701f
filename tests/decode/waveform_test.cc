// The overview for viewers: audiowaveform's file, byte by byte.
#include "waveform.h"

#include <doctest/doctest.h>

#include "call_builder.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

namespace {

using Values = std::vector<int>;

std::uint32_t word(const std::vector<std::byte>& file, std::size_t index) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i > 0; --i) {
    value = (value << 8U) | static_cast<std::uint32_t>(file[4 * index + i - 1]);
  }
  return value;
}

Values values(const std::vector<std::byte>& file) {
  Values values;
  for (std::size_t i = 24; i < file.size(); ++i) {
    values.push_back(static_cast<std::int8_t>(file[i]));
  }
  return values;
}

}  // namespace

TEST_CASE("a bin is 10 ms of both channels, and the last one may be shorter") {
  Samples left(200, 0);
  Samples right(200, -513);
  left[0] = 32767;
  left[79] = -32768;
  left[80] = 255;  // too little to be seen
  right[160] = 2560;
  for (const std::size_t block : {std::size_t{200}, std::size_t{80}, std::size_t{7}}) {
    Waveform waveform(8000);
    for (std::size_t at = 0; at < left.size(); at += block) {
      const std::size_t count = std::min(block, left.size() - at);
      waveform.add({std::span(left).subspan(at, count), std::span(right).subspan(at, count)});
    }
    const std::vector<std::byte> file = waveform.take();
    REQUIRE(file.size() == 24 + 3 * 4);
    CHECK(word(file, 0) == 2);     // version
    CHECK(word(file, 1) == 1);     // 8 bits
    CHECK(word(file, 2) == 8000);  // Hz
    CHECK(word(file, 3) == 80);    // samples a bin
    CHECK(word(file, 4) == 3);     // bins
    CHECK(word(file, 5) == 2);     // channels
    CHECK(values(file) == Values{-128, 127, -2, -2, 0, 0, -2, -2, 0, 0, -2, 10});
  }
}

TEST_CASE("a call's overview is of its audio, and a call without audio has none") {
  CallBuilder call;
  say(call.stream(Side::kCaller), {.from_ms = 500, .to_ms = 1500, .code = std::byte{0x00}});
  const RenderedCall rendered = call.lasts_ms(2000).render();
  REQUIRE(rendered.waveform.size() == 24 + 200 * 4);
  const Values bins = values(rendered.waveform);
  for (std::size_t bin = 0; bin < 200; ++bin) {
    const int loud = bin >= 50 && bin < 150 ? -32124 / 256 : 0;  // the code is the lowest sample
    CHECK(bins[4 * bin] == loud);
    CHECK(bins[4 * bin + 1] == loud);
    CHECK(bins[4 * bin + 2] == 0);
    CHECK(bins[4 * bin + 3] == 0);
  }
  CHECK(CallBuilder().lasts_ms(1000).render().waveform.empty());
  CHECK(Waveform(8000).take().empty());
}
