// Calls whole: several streams, formats, spans of signalling, digits, and why a call is silent.
#include "decode/renderer.h"

#include <doctest/doctest.h>

#include <random>
#include <thread>

#include "call_builder.h"
#include "decode/encoded_flac.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

namespace {

Octets random_codes(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  Octets codes(count);
  for (std::byte& code : codes) code = static_cast<std::byte>(random());
  return codes;
}

constexpr std::byte kLoudCode{0x10};
constexpr std::byte kSoftCode{0x30};

// How many samples are what this code of µ-law stands for.
std::size_t count_of(const Samples& samples, std::byte code) {
  return static_cast<std::size_t>(std::count_if(
      samples.begin(), samples.end(),
      [&](std::int16_t sample) { return mu_law_code(sample) == static_cast<std::uint8_t>(code); }));
}

}  // namespace

TEST_CASE("a clean G.711 call comes out sample for sample") {
  CallBuilder call;
  const Octets voice = random_codes(160 * 250, 1);
  for (const Side side : {Side::kCaller, Side::kCallee}) {
    StreamBuilder& stream = call.stream(side, side == Side::kCaller ? 1 : 2);
    for (unsigned i = 0; i < 250; ++i) {
      stream.rtp({.at_ms = 20.0 * i,
                  .sequence = static_cast<std::uint16_t>(65500 + i),
                  .timestamp = 0xFFFFFF00U + 160 * i,
                  .payload_type = 0,
                  .marker = i == 0,
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
  REQUIRE(rendered.spans.size() == 1);
  CHECK(rendered.spans[0].kind == SpanKind::kTalk);
  for (const RenderedStream& stream : rendered.streams) {
    CHECK(stream.codec == "PCMU");
    CHECK(stream.clock_rate == 8000);
    CHECK(stream.lossless);
    CHECK(stream.rendered);
    CHECK(stream.lost == 0);
    CHECK(stream.jitter_ms < 0.01);
    CHECK(stream.mos > 4.3);
  }
}

TEST_CASE("a proxy's second hop fills what the first one lost, and is heard nowhere else") {
  CallBuilder call;
  StreamBuilder& first = call.stream(Side::kCaller, 7);
  say(first, {.from_ms = 0, .to_ms = 1000});
  say(first, {.from_ms = 1200, .to_ms = 3000});
  StreamBuilder& second = call.stream(Side::kCaller, 7).towards("192.0.2.9:6000");
  say(second, {.from_ms = 0, .to_ms = 1600, .delay_ms = 3});
  const RenderedCall rendered = call.lasts_ms(3000).render();
  const Samples heard = listen(rendered, call.folder()).caller;
  CHECK(count_of(heard, kLoudCode) == 24000);
  CHECK(spans_of(rendered, SpanKind::kLoss).empty());
  CHECK(rendered.streams[0].lossless);
  CHECK(rendered.streams[1].rendered);
  CHECK_FALSE(rendered.streams[1].lossless);
}

TEST_CASE("of two voices at a time on one side the one with more packets is heard") {
  CallBuilder call;
  say(call.stream(Side::kCallee, 1), {.from_ms = 0, .to_ms = 1000, .code = kSoftCode});
  say(call.stream(Side::kCallee, 2), {.from_ms = 500, .to_ms = 3000, .code = kLoudCode});
  say(call.stream(Side::kCallee, 3), {.from_ms = 1000, .to_ms = 2000, .code = kSoftCode});
  const RenderedCall rendered = call.lasts_ms(3000).render();
  const Samples heard = listen(rendered, call.folder()).callee;
  CHECK(count_of(heard, kSoftCode) == 4000);
  CHECK(count_of(heard, kLoudCode) == 20000);
  CHECK(rendered.streams[0].rendered);
  CHECK(rendered.streams[1].lossless);
  CHECK_FALSE(rendered.streams[2].rendered);
  CHECK(spans_of(rendered, SpanKind::kNoMedia).size() == 1);  // the caller's side, all of it
}

TEST_CASE("audio goes on after the release, and the call's end is the end of a shorter one") {
  CallBuilder call;
  say(call.stream(Side::kCaller), {.from_ms = 0, .to_ms = 2000});
  CHECK(call.lasts_ms(1500).render().audio.samples == 16000);
  CallBuilder longer;
  say(longer.stream(Side::kCaller), {.from_ms = 0, .to_ms = 2000});
  const RenderedCall rendered = longer.lasts_ms(5000.5).render();
  CHECK(rendered.audio.samples == 40004);
  const std::vector<Span> silent = spans_of(rendered, SpanKind::kNoMedia);
  REQUIRE(silent.size() == 2);
  CHECK(silent[1].from_s == doctest::Approx(2));
  CHECK(silent[1].to_s == doctest::Approx(5.0005));
}

TEST_CASE("a call of two rates is heard at the higher one, both sides aligned") {
  CallBuilder call;
  call.format(Side::kCaller, format(0, "PCMU")).format(Side::kCallee, format(9, "G722"));
  StreamBuilder& narrow = call.stream(Side::kCaller, 1);
  // A click every half second, in a narrowband and a wideband stream.
  for (unsigned i = 0; i < 100; ++i) {
    Octets payload(160, std::byte{0xFF});
    if (i % 25 == 10) payload[80] = std::byte{0x80};
    narrow.rtp({.at_ms = 20.0 * i,
                .sequence = static_cast<std::uint16_t>(i),
                .timestamp = 160 * i,
                .payload = payload});
  }
  say(call.stream(Side::kCallee, 2), {.from_ms = 0, .to_ms = 2000, .payload_type = 9});
  const RenderedCall rendered = call.lasts_ms(2000).render();
  const Heard heard = listen(rendered, call.folder());
  CHECK(heard.sample_rate == 16000);
  REQUIRE(heard.caller.size() == 32000);
  for (unsigned click = 0; click < 4; ++click) {
    const std::size_t expected = 2 * (160 * (10 + 25 * click) + 80);
    const auto loudest = std::max_element(heard.caller.begin() + static_cast<long>(expected) - 300,
                                          heard.caller.begin() + static_cast<long>(expected) + 300);
    CHECK(std::abs((loudest - heard.caller.begin()) - static_cast<long>(expected)) <= 1);
  }
  CHECK(spans_of(rendered, SpanKind::kDtx).empty());
  CHECK(spans_of(rendered, SpanKind::kNoMedia).empty());
  CHECK_FALSE(rendered.streams[0].lossless);  // resampled: FLAC does not carry its samples
  CHECK(rendered.streams[1].codec == "G722");
  CHECK(rendered.streams[1].clock_rate == 8000);
}

TEST_CASE("a codec that changes within a stream leaves no gap") {
  CallBuilder call;
  call.format(Side::kCaller, format(0, "PCMU")).format(Side::kCaller, format(8, "PCMA"), 1000);
  StreamBuilder& stream = call.stream(Side::kCaller);
  say(stream, {.from_ms = 0, .to_ms = 1000, .payload_type = 0});
  say(stream, {.from_ms = 1000, .to_ms = 3000, .payload_type = 8});
  const RenderedCall rendered = call.lasts_ms(3000).render();
  CHECK(rendered.audio.samples == 24000);
  CHECK(rendered.streams[0].codec == "PCMA");
  CHECK(rendered.streams[0].lossless);
  CHECK(spans_of(rendered, SpanKind::kDtx).empty());
  CHECK(count_of(listen(rendered, call.folder()).caller, std::byte{0xFF}) == 0);
}

TEST_CASE("a payload type means what the receiver said last, then earlier, then anybody") {
  // 96 was L16, then PCMA at the same endpoint; 97 is known only from the other side's offer.
  CallBuilder call;
  call.format(Side::kCaller, format(96, "L16")).format(Side::kCaller, format(96, "pcma"), 1000);
  call.format(Side::kCallee, format(97, "PCMU"));
  StreamBuilder& stream = call.stream(Side::kCaller);
  say(stream, {.from_ms = 0, .to_ms = 1000, .payload_type = 96, .bytes = 320});
  say(stream, {.from_ms = 1000, .to_ms = 2000, .payload_type = 96});
  say(stream, {.from_ms = 2000, .to_ms = 3000, .payload_type = 97});
  const RenderedCall rendered = call.lasts_ms(3000).render();
  const Samples heard = listen(rendered, call.folder()).caller;
  CHECK(heard[100] == 0x1010);
  CHECK(heard[8100] != 0x1010);
  CHECK(mu_law_code(heard[16100]) == 0x10);
  CHECK(spans_of(rendered, SpanKind::kUndecodable).empty());
}

TEST_CASE("what cannot be decoded keeps its place, and the call says why it is silent") {
  struct Case {
    capture::MediaFormat format;
    bool encrypted;
    std::uint8_t sent_type;
    const char* why;
    const char* codec;
  };
  const Case cases[] = {
      {format(96, "EVS", 16000), false, 96, "codec EVS is not supported", "EVS"},
      {format(0, "PCMU"), true, 0, "SRTP: the key is not in the signalling", "PCMU"},
      {format(0, "PCMU"), false, 107, "payload type 107 was never described by SDP", "PT 107"},
      {format(0, "PCMU"), false, 80, "payload type 80 has no meaning in RFC 3551", "PT 80"},
      {format(96, "L16", 11000), false, 96, "codec L16 at 11000 Hz is not supported", "L16"},
      {format(0, "PCMU"), false, 15, "codec G728 is not supported", "G728"},
  };
  for (const Case& c : cases) {
    CAPTURE(std::string(c.why));
    CallBuilder call;
    call.format(Side::kCaller, c.format);
    call.call().media[0].encrypted = c.encrypted;
    say(call.stream(Side::kCaller), {.from_ms = 500, .to_ms = 1500, .payload_type = c.sent_type});
    const RenderedCall rendered = call.lasts_ms(2000).render();
    CHECK(rendered.silent_because == c.why);
    CHECK(rendered.audio.samples == 16000);
    const std::vector<Span> spans = spans_of(rendered, SpanKind::kUndecodable);
    REQUIRE(spans.size() == 1);
    CHECK(spans[0].from_s == doctest::Approx(0.5));
    CHECK(spans[0].to_s == doctest::Approx(1.5));
    CHECK(spans[0].note == c.why);
    CHECK(rendered.streams[0].codec == c.codec);
    CHECK(rendered.streams[0].encrypted == c.encrypted);
    CHECK_FALSE(rendered.streams[0].rendered);
    CHECK_FALSE(rendered.streams[0].lossless);
    CHECK(rendered.streams[0].packets == 50);
  }
}

TEST_CASE("media-only calls are decoded by the static types") {
  CallBuilder call;
  call.call().state = capture::CallState::kMediaOnly;
  call.call().answered.reset();
  say(call.stream(Side::kCaller, 1), {.from_ms = 0, .to_ms = 1000, .payload_type = 9});
  say(call.stream(Side::kCallee, 2), {.from_ms = 0, .to_ms = 1000, .payload_type = 8});
  const RenderedCall rendered = call.lasts_ms(1000).render();
  CHECK(rendered.audio.sample_rate == 16000);
  CHECK(rendered.streams[0].codec == "G722");
  CHECK(rendered.streams[1].codec == "PCMA");
  CHECK(rendered.spans.empty());
  CHECK(rendered.chapters.empty());
}

TEST_CASE("no media is early that came after the answer, wherever its delay puts it") {
  for (const double first_ms : {4005.0, 3995.0}) {
    CallBuilder call;
    call.call().answered = at_ms(4000);
    StreamBuilder& stream = call.stream(Side::kCallee);
    // The first packet comes 15 ms late, and so stands 15 ms before its arrival.
    stream.rtp({.at_ms = first_ms, .sequence = 9, .timestamp = 1600, .payload = Octets(160)});
    for (unsigned n = 1; n < 100; ++n) {
      stream.rtp({.at_ms = first_ms - 15 + 20 * n,
                  .sequence = static_cast<std::uint16_t>(9 + n),
                  .timestamp = 1600 + 160 * n,
                  .payload = Octets(160)});
    }
    const RenderedCall rendered = call.lasts_ms(7000).render();
    CAPTURE(first_ms);
    const std::vector<Span> none = spans_of(rendered, SpanKind::kNoMedia);
    CHECK(std::any_of(none.begin(), none.end(), [&](const Span& span) {
      return span.to_s == doctest::Approx(first_ms / 1e3 - 0.015);
    }));
    const std::vector<Span> early = spans_of(rendered, SpanKind::kEarlyMedia);
    if (first_ms > 4000) {
      CHECK(early.empty());
    } else {
      REQUIRE(early.size() == 1);
      CHECK(early[0].from_s == doctest::Approx(first_ms / 1e3));
      CHECK(early[0].to_s == doctest::Approx(4));
    }
  }
}

TEST_CASE("ringing, early media, talk and hold are spans, and chapters that do not overlap") {
  CallBuilder call;
  call.call().ringing = at_ms(1000);
  call.call().answered = at_ms(4000);
  call.call().holds = {{.by = Side::kCaller, .from = at_ms(6000), .to = at_ms(8000)},
                       {.by = Side::kCallee, .from = at_ms(7000), .to = at_ms(9000)}};
  say(call.stream(Side::kCallee, 1), {.from_ms = 2000, .to_ms = 10'000});
  say(call.stream(Side::kCaller, 2), {.from_ms = 4000, .to_ms = 10'000});
  const RenderedCall rendered = call.lasts_ms(10'000).render();
  const auto check = [&](SpanKind kind, std::optional<Side> channel, double from, double to) {
    const std::vector<Span> spans = spans_of(rendered, kind);
    REQUIRE(spans.size() == 1);
    CHECK(spans[0].channel == channel);
    CHECK(spans[0].from_s == doctest::Approx(from));
    CHECK(spans[0].to_s == doctest::Approx(to));
  };
  check(SpanKind::kRinging, std::nullopt, 1, 4);
  check(SpanKind::kEarlyMedia, Side::kCallee, 2, 4);
  check(SpanKind::kTalk, std::nullopt, 4, 10);
  const std::vector<Span> holds = spans_of(rendered, SpanKind::kHold);
  REQUIRE(holds.size() == 3);
  const std::optional<Side> held[] = {Side::kCallee, std::nullopt, Side::kCaller};
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(holds[i].channel == held[i]);
    CHECK(holds[i].from_s == doctest::Approx(6.0 + static_cast<double>(i)));
    CHECK(holds[i].to_s == doctest::Approx(7.0 + static_cast<double>(i)));
  }
  CHECK(spans_of(rendered, SpanKind::kNoMedia).size() == 2);
  const char* titles[] = {"ringing", "talk", "hold", "talk"};
  const double starts[] = {1, 4, 6, 9, 10};
  REQUIRE(rendered.chapters.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(rendered.chapters[i].title == titles[i]);
    CHECK(rendered.chapters[i].from_s == doctest::Approx(starts[i]));
    CHECK(rendered.chapters[i].to_s == doctest::Approx(starts[i + 1]));
  }
}

TEST_CASE("a call without media has no audio, but its story") {
  CallBuilder call;
  call.call().state = capture::CallState::kMissed;
  call.call().answered.reset();
  call.call().ringing = at_ms(100);
  const RenderedCall rendered = call.lasts_ms(30'000).render();
  CHECK(rendered.audio.flac == nullptr);
  CHECK(rendered.audio.samples == 0);
  CHECK(rendered.silent_because.empty());
  REQUIRE(rendered.chapters.size() == 1);
  CHECK(rendered.chapters[0].to_s == doctest::Approx(30));
}

TEST_CASE("pressed keys are digits once, with their time, from RTP events and from INFO") {
  const auto press = [](StreamBuilder& stream, double from_ms, double delay_ms,
                        std::uint16_t sequence, unsigned event) {
    for (unsigned i = 0; i < 7; ++i) {
      const unsigned duration = 160 * std::min(i + 1, 5U);  // the last three end it
      capture::test::Writer payload;
      payload.u8(event).u8(i >= 4 ? 0x8A : 0x0A).u16(duration);
      stream.rtp({.at_ms = from_ms + delay_ms + duration / 8.0,
                  .sequence = static_cast<std::uint16_t>(sequence + i),
                  .timestamp = static_cast<std::uint32_t>(from_ms * 8),
                  .payload_type = 101,
                  .marker = i == 0,
                  .payload = payload.octets()});
    }
  };
  CallBuilder call;
  call.format(Side::kCaller, format(101, "telephone-event"));
  StreamBuilder& hop = call.stream(Side::kCaller, 1);
  StreamBuilder& next_hop = call.stream(Side::kCaller, 1).towards("192.0.2.9:6000");
  press(hop, 1000, 0, 10, 1);
  press(hop, 1200, 0, 20, 1);
  press(hop, 2000, 0, 30, 11);
  press(next_hop, 1000, 2, 10, 1);
  press(next_hop, 1200, 2, 20, 1);
  press(next_hop, 2000, 2, 30, 11);
  call.call().digits = {{.at = at_ms(1500), .digit = 'A', .side = Side::kCallee}};
  const RenderedCall rendered = call.lasts_ms(3000).render();
  REQUIRE(rendered.digits.size() == 4);
  const char expected[] = {'1', '1', 'A', '#'};
  const double times[] = {1.0, 1.2, 1.5, 2.0};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(rendered.digits[i].digit == expected[i]);
    CHECK(rendered.digits[i].at_s == doctest::Approx(times[i]));
  }
  CHECK(rendered.digits[2].via == Digit::Via::kInfo);
  CHECK(rendered.silent_because == "nothing but comfort noise and telephone events was sent");
}

TEST_CASE("FLAC beyond the memory limit goes to a file and comes back the same") {
  CallBuilder call;
  const Octets noise = random_codes(160 * 3000, 5);
  StreamBuilder& stream = call.stream(Side::kCaller);
  for (unsigned i = 0; i < 3000; ++i) {
    stream.rtp({.at_ms = 20.0 * i,
                .sequence = static_cast<std::uint16_t>(i),
                .timestamp = 160 * i,
                .payload = Octets(noise.begin() + 160 * i, noise.begin() + 160 * (i + 1))});
  }
  const RenderedCall in_memory = call.render();
  RenderOptions options;
  options.temporary_directory = call.folder().path();
  options.memory_limit = 1000;
  auto in_file = render(capture::FinishedCall(in_memory.call), options);
  REQUIRE(in_file);
  CHECK(in_file->audio.sha256 == in_memory.audio.sha256);
  CHECK(listen(*in_file, call.folder()).caller == listen(in_memory, call.folder()).caller);
  options.temporary_directory = "/nonexistent";
  const auto nowhere = render(capture::FinishedCall(in_memory.call), options);
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().message.find("/nonexistent") != std::string::npos);
}

TEST_CASE("calls rendered at the same time on several threads come out as they do alone") {
  CallBuilder call;
  call.format(Side::kCaller, format(9, "G722")).format(Side::kCallee, format(0, "PCMU"));
  say(call.stream(Side::kCaller, 1), {.from_ms = 0, .to_ms = 4000, .payload_type = 9});
  say(call.stream(Side::kCallee, 2), {.from_ms = 0, .to_ms = 4000});
  const RenderedCall alone = call.lasts_ms(4000).render();
  std::array<std::array<std::uint8_t, 32>, 4> hashes{};
  std::vector<std::thread> threads;
  for (auto& hash : hashes) {
    threads.emplace_back([&] {
      RenderOptions options;
      options.temporary_directory = call.folder().path();
      if (const auto rendered = render(capture::FinishedCall(alone.call), options))
        hash = rendered->audio.sha256;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& hash : hashes) CHECK(hash == alone.audio.sha256);
}
