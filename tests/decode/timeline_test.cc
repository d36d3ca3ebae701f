// Where samples stand: by timestamps, whatever the network did to the packets.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "timeline_story.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

TEST_CASE("jitter of up to 300 ms and the disorder it makes lose nothing and move nothing") {
  std::vector<Rtp> packets;
  std::mt19937 random(7);
  for (unsigned i = 0; i < 1000; ++i) {
    packets.push_back(packet(i, 65000));
    packets.back().at_ms += static_cast<double>(random() % 300);
  }
  std::stable_sort(packets.begin(), packets.end(),
                   [](const Rtp& a, const Rtp& b) { return a.at_ms < b.at_ms; });
  CallBuilder call;
  StreamBuilder& stream = call.stream(Side::kCaller);
  for (const Rtp& p : packets) stream.rtp(p);
  const RenderedCall rendered = call.render();
  const Heard heard = listen(rendered, call.folder());
  // Anchored at the least delayed packet, which may be some milliseconds late itself.
  const auto start = static_cast<std::size_t>(
      std::find_if(heard.caller.begin(), heard.caller.end(), [](int s) { return s != 0; }) -
      heard.caller.begin());
  CHECK(start < 8 * 20);
  CHECK(is_voice(part(heard.caller, start, start + 1000 * kTicks), 0));
  CHECK(spans_of(rendered, SpanKind::kLoss).empty());
  CHECK(spans_of(rendered, SpanKind::kLate).empty());
  CHECK(rendered.streams[0].lost == 0);
  CHECK(rendered.streams[0].reordered > 100);
  CHECK(rendered.streams[0].jitter_ms > 30);
  CHECK(rendered.streams[0].lossless);
}

TEST_CASE("lost packets are silence of their own length, in a span") {
  CallBuilder call;
  StreamBuilder& stream = call.stream(Side::kCallee);
  for (unsigned i = 0; i < 100; ++i) {
    if (i != 10 && (i < 50 || i >= 60)) stream.rtp(packet(i));
  }
  const RenderedCall rendered = call.render();
  const Samples heard = listen(rendered, call.folder()).callee;
  CHECK(is_voice(part(heard, 0, 10 * kTicks), 0));
  CHECK(is_silence(part(heard, 10 * kTicks, 11 * kTicks)));
  CHECK(is_voice(part(heard, 11 * kTicks, 50 * kTicks), 11 * kTicks));
  CHECK(is_silence(part(heard, 50 * kTicks, 60 * kTicks)));
  CHECK(is_voice(part(heard, 60 * kTicks, 100 * kTicks), 60 * kTicks));
  const std::vector<Span> loss = spans_of(rendered, SpanKind::kLoss);
  CHECK(loss.size() == 2);
  check_span(loss, 0, 0.2, 0.22);
  check_span(loss, 1, 1.0, 1.2);
  CHECK(loss[0].channel == Side::kCallee);
  CHECK(rendered.streams[0].lost == 11);
  CHECK(rendered.streams[0].mos < 3);
}

TEST_CASE("a first packet that was held up does not shift the audio behind it") {
  CallBuilder call;
  StreamBuilder& stream = call.stream(Side::kCaller);
  stream.rtp(
      {.at_ms = 0, .sequence = 99, .timestamp = 0, .payload_type = 13, .payload = Octets(1)});
  for (unsigned i = 0; i < 200; ++i) {
    Rtp p = packet(i);
    p.at_ms = std::max(p.at_ms + 100, i < 5 ? 450.0 + i : 0.0);
    stream.rtp(p);
  }
  const RenderedCall rendered = call.render();
  const Samples heard = listen(rendered, call.folder()).caller;
  CHECK(is_voice(part(heard, 800, 800 + 200 * kTicks), 0));
}

TEST_CASE("a copy of a packet and a packet of five seconds ago are not heard twice") {
  CallBuilder call;
  StreamBuilder& stream = call.stream(Side::kCaller);
  for (unsigned i = 0; i < 400; ++i) {
    if (i == 20) continue;
    stream.rtp(packet(i));
    if (i == 30) stream.rtp(packet(29));
    if (i == 300) {
      Rtp late = packet(20);
      late.at_ms = 20.0 * 300;
      stream.rtp(late);
    }
  }
  const RenderedCall rendered = call.render();
  const Samples heard = listen(rendered, call.folder()).caller;
  CHECK(is_voice(part(heard, 21 * kTicks, 400 * kTicks), 21 * kTicks));
  CHECK(rendered.streams[0].duplicates == 1);
  CHECK(rendered.streams[0].lost == 0);
  CHECK_FALSE(rendered.streams[0].lossless);
  const std::vector<Span> late = spans_of(rendered, SpanKind::kLate);
  check_span(late, 0, 0.4, 0.42);
  CHECK(late[0].note == "arrived 5.6 s late");
}

TEST_CASE("a network that stalls for three seconds and catches up moves nothing") {
  CallBuilder call;
  StreamBuilder& stream = call.stream(Side::kCaller);
  for (unsigned i = 0; i < 400; ++i) {
    Rtp p = packet(i);
    if (i >= 100 && i < 250) p.at_ms = 5000 + 0.1 * i;
    stream.rtp(p);
  }
  const RenderedCall rendered = call.render();
  CHECK(is_voice(part(listen(rendered, call.folder()).caller, 0, 400 * kTicks), 0));
  CHECK(rendered.streams[0].lossless);
}

TEST_CASE("a sender whose clock slept through a pause goes on where it arrives") {
  CallBuilder call;
  StreamBuilder& stream = call.stream(Side::kCaller);
  for (unsigned i = 0; i < 200; ++i) {
    Rtp p = packet(i);
    if (i >= 100) p.at_ms += 1500;
    stream.rtp(p);
  }
  const RenderedCall rendered = call.render();
  const Samples heard = listen(rendered, call.folder()).caller;
  CHECK(is_voice(part(heard, 0, 16000), 0));
  CHECK(is_silence(part(heard, 16000, 28000)));
  CHECK(is_voice(part(heard, 28000, 44000), 16000));
  check_span(spans_of(rendered, SpanKind::kNoMedia), 1, 2.0, 3.5);
  CHECK(rendered.streams[0].lossless);
}

TEST_CASE("timestamps and sequence numbers that start anew go on where they arrive") {
  CallBuilder call;
  StreamBuilder& stream = call.stream(Side::kCaller);
  for (unsigned i = 0; i < 100; ++i) stream.rtp(packet(i));
  for (unsigned i = 0; i < 100; ++i) {
    Rtp p = packet(i, 40000, 0x90000000);
    p.at_ms += 2000;
    p.payload = voice(16000 + std::uint64_t{kTicks} * i);
    stream.rtp(p);
  }
  const RenderedCall rendered = call.render();
  CHECK(is_voice(part(listen(rendered, call.folder()).caller, 0, 32000), 0));
  CHECK(rendered.streams[0].lost == 0);
  CHECK(rendered.streams[0].lossless);
}

TEST_CASE("a pause with its clock running is dtx, and comfort noise says where it begins") {
  CallBuilder call;
  StreamBuilder& stream = call.stream(Side::kCaller);
  for (unsigned i = 0; i < 50; ++i) stream.rtp(packet(i));
  Rtp noise = packet(50);
  noise.payload_type = 13;
  noise.payload = {std::byte{127}};  // below the smallest sample
  stream.rtp(noise);
  for (unsigned i = 150; i < 200; ++i) {
    Rtp p = packet(i);
    p.sequence = static_cast<std::uint16_t>(p.sequence - 99);
    p.marker = i == 150;
    stream.rtp(p);
  }
  const RenderedCall rendered = call.render();
  const Samples heard = listen(rendered, call.folder()).caller;
  CHECK(is_voice(part(heard, 0, 8000), 0));
  CHECK(is_silence(part(heard, 8000, 24000)));
  CHECK(is_voice(part(heard, 24000, 32000), 24000));
  const std::vector<Span> dtx = spans_of(rendered, SpanKind::kDtx);
  REQUIRE(dtx.size() == 1);
  check_span(dtx, 0, 1.0, 3.0);
  CHECK(spans_of(rendered, SpanKind::kLoss).empty());
  CHECK(rendered.streams[0].lossless);
}

TEST_CASE(
    "comfort noise is heard at the level that was told, softly, marked, and the same each time") {
  const auto render = [](std::uint8_t level) {
    CallBuilder call;
    StreamBuilder& stream = call.stream(Side::kCaller);
    for (unsigned i = 0; i < 50; ++i) stream.rtp(packet(i));
    Rtp noise = packet(50);
    noise.payload_type = 13;
    noise.payload = {std::byte{level}, std::byte{0x55}};  // the second: of the spectrum
    stream.rtp(noise);
    for (unsigned i = 150; i < 200; ++i) {
      Rtp p = packet(i);
      p.sequence = static_cast<std::uint16_t>(p.sequence - 99);
      stream.rtp(p);
    }
    const RenderedCall rendered = call.render();
    const std::vector<Span> dtx = spans_of(rendered, SpanKind::kDtx);
    REQUIRE(dtx.size() == 1);
    check_span(dtx, 0, 1.0, 3.0);
    CHECK(dtx[0].note == "comfort noise");
    CHECK(rendered.streams[0].lossless);
    const Samples heard = listen(rendered, call.folder()).caller;
    CHECK(is_voice(part(heard, 0, 8000), 0));
    CHECK(is_voice(part(heard, 24000, 32000), 24000));
    return heard;
  };
  const auto level_of = [](const Samples& heard) {
    return 10 * std::log10(mean_square(part(heard, 8000, 24000)) / 32768 / 32768);
  };
  const Samples heard = render(55);
  CHECK(level_of(heard) == doctest::Approx(-55).epsilon(0.01));
  CHECK(level_of(render(60)) == doctest::Approx(-60).epsilon(0.01));
  CHECK(level_of(render(0)) == doctest::Approx(-40).epsilon(0.01));
  CHECK(heard == render(55));
}

TEST_CASE("a packet that ends the wait for it by its own arrival is late, and nothing else moves") {
  CallBuilder call;
  StreamBuilder& stream = call.stream(Side::kCaller);
  for (unsigned i = 0; i < 200; ++i) {
    if (i != 150) stream.rtp(packet(i));
  }
  Rtp late = packet(150);
  late.at_ms = 7100;  // the one behind it came at 3020, and nothing since 3980
  stream.rtp(late);
  const RenderedCall rendered = call.render();
  const Samples heard = listen(rendered, call.folder()).caller;
  CHECK(is_voice(part(heard, 0, 24000), 0));
  CHECK(is_silence(part(heard, 24000, 24160)));
  CHECK(is_voice(part(heard, 24160, 32000), 24160));
  check_span(spans_of(rendered, SpanKind::kLate), 0, 3.0, 3.02);
  CHECK(rendered.streams[0].lost == 0);  // it came
}

TEST_CASE("a packet lost within announced silence is a loss of one packet, not of the silence") {
  CallBuilder call;
  StreamBuilder& stream = call.stream(Side::kCaller);
  for (unsigned i = 0; i < 50; ++i) stream.rtp(packet(i));
  Rtp noise = packet(50);
  noise.payload_type = 13;
  noise.payload = {std::byte{127}};  // below the smallest sample
  stream.rtp(noise);
  for (unsigned i = 150; i < 200; ++i) {
    Rtp p = packet(i);
    p.sequence = static_cast<std::uint16_t>(p.sequence - 98);
    stream.rtp(p);
  }
  const RenderedCall rendered = call.render();
  check_span(spans_of(rendered, SpanKind::kDtx), 0, 1.0, 2.98);
  check_span(spans_of(rendered, SpanKind::kLoss), 0, 2.98, 3.0);
}

TEST_CASE("packets of 10 to 60 ms, changing all the time, stand without a gap") {
  CallBuilder call;
  StreamBuilder& stream = call.stream(Side::kCaller);
  std::uint64_t at = 0;
  for (unsigned i = 0; i < 300; ++i) {
    const std::size_t length = 80 * (1 + i % 6);
    stream.rtp({.at_ms = static_cast<double>(at) / 8,
                .sequence = static_cast<std::uint16_t>(i),
                .timestamp = static_cast<std::uint32_t>(at),
                .payload = voice(at, length)});
    at += length;
  }
  const RenderedCall rendered = call.render();
  CHECK(is_voice(part(listen(rendered, call.folder()).caller, 0, at), 0));
  CHECK(rendered.streams[0].lossless);
}

TEST_CASE("keepalives without payload and digits between voice leave the voice alone") {
  CallBuilder call;
  call.format(Side::kCaller, {.payload_type = 101,
                              .encoding = "telephone-event",
                              .clock_rate = 8000,
                              .channels = 1,
                              .fmtp = "0-15"});
  StreamBuilder& stream = call.stream(Side::kCaller);
  std::uint16_t sequence = 0;
  for (unsigned i = 0; i < 100; ++i) {
    Rtp p = packet(i);
    p.sequence = sequence++;
    stream.rtp(p);
    if (i == 50)
      stream.rtp({.at_ms = p.at_ms + 1, .sequence = sequence++, .timestamp = 0, .payload = {}});
    if (i == 60) {
      stream.rtp({.at_ms = p.at_ms + 1,
                  .sequence = sequence++,
                  .timestamp = p.timestamp,
                  .payload_type = 101,
                  .marker = true,
                  .payload = {std::byte{5}, std::byte{10}, std::byte{0}, std::byte{160}}});
    }
  }
  const RenderedCall rendered = call.render();
  CHECK(is_voice(part(listen(rendered, call.folder()).caller, 0, 16000), 0));
  REQUIRE(rendered.digits.size() == 1);
  CHECK(rendered.digits[0].digit == '5');
}

TEST_CASE("every sample that was not on the wire is inside a typed span, and no other is") {
  std::mt19937 random(3);
  for (unsigned round = 0; round < 20; ++round) {
    CallBuilder call;
    StreamBuilder& stream = call.stream(Side::kCaller);
    std::uint32_t timestamp = 1000 * random();
    std::uint16_t sequence = static_cast<std::uint16_t>(random());
    double at_ms = static_cast<double>(random() % 3000);
    for (unsigned i = 0; i < 300; ++i) {
      const unsigned fate = random() % 20;
      if (fate == 1) {  // a pause
        const unsigned pause = random() % 100 * kTicks;
        timestamp += pause;
        at_ms += pause / 8.0;
      }
      if (fate != 0) {
        stream.rtp(
            {.at_ms = at_ms, .sequence = sequence, .timestamp = timestamp, .payload = voice(i)});
      }
      ++sequence;
      timestamp += kTicks;
      at_ms += 20;
    }
    const RenderedCall rendered = call.lasts_ms(15'000).render();
    const Samples heard = listen(rendered, call.folder()).caller;
    std::vector<bool> explained(heard.size(), false);
    bool overlaps = false;
    for (const Span& span : rendered.spans) {
      if (span.channel != Side::kCaller) continue;
      const auto from = static_cast<std::size_t>(std::llround(span.from_s * 8000));
      const auto to = static_cast<std::size_t>(std::llround(span.to_s * 8000));
      REQUIRE(to <= heard.size());
      for (std::size_t i = from; i < to; ++i) {
        overlaps = overlaps || explained[i];
        explained[i] = true;
      }
    }
    CHECK_FALSE(overlaps);
    std::vector<bool> silent;
    for (const std::int16_t sample : heard) silent.push_back(sample == 0);
    CHECK(explained == silent);
  }
}
