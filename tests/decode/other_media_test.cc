// Streams that are no audio: video and fax.
#include <doctest/doctest.h>

#include "call_builder.h"
#include "decode/renderer.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

TEST_CASE("video on the wire is counted, and has no place in the audio") {
  CallBuilder call;
  call.format(Side::kCaller, format(0, "PCMU"));
  capture::NegotiatedMedia video;
  video.kind = capture::MediaKind::kVideo;
  video.side = Side::kCallee;
  video.endpoint = capture::test::endpoint("192.0.2.2:5002");
  video.formats = {format(96, "VP8", 90000)};
  call.call().media.push_back(video);
  say(call.stream(Side::kCaller, 1), {.from_ms = 0, .to_ms = 500});
  say(call.stream(Side::kCaller, 2).towards("192.0.2.2:5002"),
      {.from_ms = 0, .to_ms = 2000, .payload_type = 96});
  const RenderedCall rendered = call.lasts_ms(2000).render();
  CHECK(rendered.streams[0].rendered);
  CHECK(rendered.streams[1].codec == "VP8");
  CHECK_FALSE(rendered.streams[1].rendered);
  CHECK(spans_of(rendered, SpanKind::kUndecodable).empty());
  CHECK(rendered.silent_because.empty());
}

TEST_CASE("T.38 on the port that spoke before is no audio, and its packets stay") {
  CallBuilder call;
  call.format(Side::kCaller, format(0, "PCMU"));
  say(call.stream(Side::kCaller, 1), {.from_ms = 0, .to_ms = 500});
  StreamBuilder& fax = call.stream(Side::kCaller, 0);
  for (int i = 0; i < 20; ++i) fax.udptl(600 + 40 * i, Octets(12, std::byte{6}));
  const RenderedCall rendered = call.lasts_ms(2000).render();
  CHECK(rendered.streams[1].codec == "T.38");
  CHECK(rendered.streams[1].packets == 20);
  CHECK_FALSE(rendered.streams[1].rendered);
  CHECK_FALSE(rendered.streams[1].lossless);  // so that the archive attaches them
  CHECK(spans_of(rendered, SpanKind::kUndecodable).empty());
}
