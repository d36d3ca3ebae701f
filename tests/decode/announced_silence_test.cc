// Silence that the sender announces by silence descriptors (SID): noise as loud as they say,
// marked; of G.723.1 the decoder's own.
#include <doctest/doctest.h>

#include "payload_builder.h"
#include "speech.h"
#include "timeline_story.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

namespace {

constexpr double kNoise_rms =
    33;  // of the fixtures: a voice to 0.6 s and from 2.0 s on, white noise all over

double decibels(double ratio) {
  return 20 * std::log10(ratio);
}

double rms(const Samples& heard, std::uint32_t rate, double from_s, double to_s) {
  return std::sqrt(mean_square(
      part(heard, static_cast<std::size_t>(from_s * rate), static_cast<std::size_t>(to_s * rate))));
}

// Payloads at their places; where one is empty nothing is sent.
void send(CallBuilder& call, const capture::MediaFormat& format,
          const std::vector<Octets>& payloads, std::uint32_t ticks) {
  StreamBuilder& stream = call.format(Side::kCaller, format).stream(Side::kCaller);
  std::uint16_t sequence = 7;
  for (std::uint32_t i = 0; i < payloads.size(); ++i) {
    if (payloads[i].empty()) continue;
    stream.rtp({.at_ms = 1000.0 * i * ticks / format.clock_rate,
                .sequence = sequence++,
                .timestamp = i * ticks,
                .payload_type = format.payload_type,
                .payload = payloads[i]});
  }
}

std::vector<Octets> amr_payloads(const char* name, bool wide, bool no_data_is_sent) {
  std::vector<Octets> payloads;
  for (const Octets& frame : amr_frames(fixture(name), wide)) {
    const bool sent = frame.size() > 1 || no_data_is_sent;
    payloads.push_back(sent ? amr_payload(std::span(&frame, 1), false, wide) : Octets());
  }
  return payloads;
}

Octets amr_sid(unsigned energy) {
  BitWriter sid;
  sid.put(8U << 3U | 4U, 8).put(0, 29).put(energy, 6).put(1, 1).put(7, 3).align();
  const Octets frame = sid.bytes();
  return amr_payload(std::span(&frame, 1), false, false);
}

std::vector<Octets> g723_frames(std::size_t count) {
  Samples said = recording("callback.wav", 8000);
  said.resize(240 * count);
  std::vector<Octets> frames;
  for (EncodedPacket& packet : encode({"g723_1", 8000, 6300}, said)) {
    frames.push_back(std::move(packet.bytes));
  }
  return frames;
}

const Octets kG723Silence = {std::byte{3}};

// A spectrum that is as good as any, and six bits of gain (ITU-T G.723.1 annex A).
Octets g723_sid(unsigned gain) {
  return {std::byte{0x02}, std::byte{0x10}, std::byte{0x20}, static_cast<std::byte>(gain << 2U)};
}

Samples by_libavcodec(const std::vector<Octets>& frames) {
  std::vector<EncodedPacket> packets;
  for (const Octets& frame : frames) packets.push_back({.bytes = frame, .samples = 240});
  return decode_directly({"g723_1"}, packets);
}

}  // namespace

TEST_CASE("G.729 annex B and AMR: noise as loud as in the room, and the same each time") {
  struct Case {
    capture::MediaFormat format;
    std::vector<Octets> payloads;
    std::uint32_t ticks;
  };
  const Case cases[] = {
      {format(18, "G729"), annex_b_fixture("noise.g729"), 80},
      {format(96, "AMR"), amr_payloads("noise.amr", false, true), 160},
      {format(96, "AMR"), amr_payloads("noise.amr", false, false), 160},
      {format(96, "AMR-WB", 16000), amr_payloads("noise.amr-wb", true, true), 320},
      {format(96, "AMR-WB", 16000), amr_payloads("noise.amr-wb", true, false), 320},
  };
  for (const Case& c : cases) {
    CAPTURE(c.format.encoding);
    CallBuilder call;
    send(call, c.format, c.payloads, c.ticks);
    const RenderedCall rendered = call.render();
    const Samples heard = listen(rendered, call.folder()).caller;
    CHECK(std::abs(decibels(rms(heard, c.format.clock_rate, 1.2, 1.9) / kNoise_rms)) < 2);
    const auto dtx = spans_of(rendered, SpanKind::kDtx);
    // AMR's SID_FIRST says nothing of how loud it is, for three frames.
    REQUIRE(dtx.size() == (c.format.encoding == "G729" ? 1 : 2));
    if (dtx.size() == 2) {
      CHECK(dtx[0].note.empty());
      CHECK(dtx[0].to_s - dtx[0].from_s == doctest::Approx(0.06));
      CHECK(rms(heard, c.format.clock_rate, dtx[0].from_s, dtx[0].to_s) == 0);
    }
    CHECK(dtx.back().note == "comfort noise");
    CHECK(dtx.back().from_s < 1.0);
    CHECK(dtx.back().to_s > 1.99);
    CHECK(spans_of(rendered, SpanKind::kLoss).empty());

    CallBuilder again;
    send(again, c.format, c.payloads, c.ticks);
    CHECK(listen(again.render(), again.folder()).caller == heard);
  }
}

TEST_CASE("noise that a descriptor wants loud is limited, and ends with the first word") {
  const Octets frame = fixture("voice.amr", 32)[20];
  const Octets speech = amr_payload(std::span(&frame, 1), false, false);
  CallBuilder call;
  send(call, format(96, "AMR"), {speech, amr_sid(63), {}, {}, {}, {}, speech, {}, {}, speech}, 160);
  const RenderedCall rendered = call.render();
  const Samples heard = listen(rendered, call.folder()).caller;
  CHECK(decibels(rms(heard, 8000, 0.02, 0.12) / 32768) == doctest::Approx(-40).epsilon(0.02));
  CHECK(is_silence(part(heard, 7 * 160, 9 * 160)));
  const auto dtx = spans_of(rendered, SpanKind::kDtx);
  REQUIRE(dtx.size() == 2);
  check_span(dtx, 0, 0.02, 0.12);
  CHECK(dtx[0].note == "comfort noise");
  check_span(dtx, 1, 0.14, 0.18);
  CHECK(dtx[1].note.empty());
}

TEST_CASE("G.723.1 annex A: the decoder's noise, whether silence is sent on or not") {
  std::vector<Octets> frames = g723_frames(80);
  for (std::size_t i = 30; i < 50; ++i) frames[i] = kG723Silence;
  frames[30] = g723_sid(20);
  frames[40] = g723_sid(24);
  const Samples expected = by_libavcodec(frames);
  std::vector<Octets> sparse = frames;
  for (Octets& frame : sparse) {
    if (frame == kG723Silence) frame.clear();
  }
  for (const auto& payloads : {frames, sparse}) {
    CallBuilder call;
    send(call, format(4, "G723"), payloads, 240);
    const RenderedCall rendered = call.render();
    CHECK(listen(rendered, call.folder()).caller == expected);
    CHECK(rms(expected, 8000, 1.0, 1.5) > 3);
    const auto dtx = spans_of(rendered, SpanKind::kDtx);
    REQUIRE(dtx.size() == 1);
    check_span(dtx, 0, 0.9, 1.5);
    CHECK(dtx[0].note == "comfort noise");
    CHECK(spans_of(rendered, SpanKind::kLoss).empty());
  }
}

TEST_CASE("what is lost in G.723.1's silence came last, and nothing is guessed of it") {
  std::vector<Octets> frames = g723_frames(60);
  for (std::size_t i = 30; i < 40; ++i) frames[i].clear();
  frames[30] = g723_sid(20);
  CallBuilder call;
  StreamBuilder& stream = call.format(Side::kCaller, format(4, "G723")).stream(Side::kCaller);
  std::uint16_t sequence = 0;
  for (std::uint32_t i = 0; i < frames.size(); ++i) {
    if (frames[i].empty()) continue;
    if (i == 40) sequence += 2;  // two that never came
    stream.rtp({.at_ms = 30.0 * i,
                .sequence = sequence++,
                .timestamp = i * 240,
                .payload_type = 4,
                .payload = frames[i]});
  }
  const RenderedCall rendered = call.render();
  const auto dtx = spans_of(rendered, SpanKind::kDtx);
  REQUIRE(dtx.size() == 1);
  check_span(dtx, 0, 0.9, 1.14);
  const auto loss = spans_of(rendered, SpanKind::kLoss);
  REQUIRE(loss.size() == 1);
  check_span(loss, 0, 1.14, 1.2);
  CHECK(spans_of(rendered, SpanKind::kConcealed).empty());
}

TEST_CASE("G.723.1's noise goes on for a minute without a packet, and no longer") {
  std::vector<Octets> frames = g723_frames(40);
  frames[30] = g723_sid(20);
  for (std::size_t i = 31; i < 40; ++i) frames[i].clear();
  frames.resize(4040);  // two minutes
  frames.push_back(frames[0]);
  CallBuilder call;
  send(call, format(4, "G723"), frames, 240);
  const RenderedCall rendered = call.render();
  const auto dtx = spans_of(rendered, SpanKind::kDtx);
  REQUIRE(dtx.size() == 2);
  check_span(dtx, 0, 0.9, 60.93);
  CHECK(dtx[0].note == "comfort noise");
  check_span(dtx, 1, 60.93, 121.2);
  CHECK(dtx[1].note.empty());
  const Samples heard = listen(rendered, call.folder()).caller;
  CHECK(rms(heard, 8000, 60, 60.9) > 3);
  CHECK(is_silence(part(heard, 62 * 8000, 121 * 8000)));
}

TEST_CASE("G.723.1's noise in a call of another rate moves no word") {
  std::vector<Octets> frames = g723_frames(80);
  const Samples undisturbed = by_libavcodec(frames);
  for (std::size_t i = 30; i < 50; ++i) frames[i].clear();
  frames[30] = g723_sid(10);
  CallBuilder call;
  send(call, format(4, "G723"), frames, 240);
  call.format(Side::kCallee, format(96, "L16", 16000))
      .stream(Side::kCallee)
      .rtp({.at_ms = 0, .sequence = 1, .timestamp = 0, .payload_type = 96, .payload = Octets(640)});
  const RenderedCall rendered = call.render();
  const Heard heard = listen(rendered, call.folder());
  REQUIRE(heard.sample_rate == 16000);
  Samples at_8k;
  for (std::size_t i = 0; i < heard.caller.size(); i += 2) at_8k.push_back(heard.caller[i]);
  const auto tail = [](const Samples& all) { return Samples(all.begin() + 55 * 240, all.end()); };
  CHECK(likeness(tail(at_8k), tail(undisturbed), 0) > 0.95);
  const auto dtx = spans_of(rendered, SpanKind::kDtx);
  REQUIRE_FALSE(dtx.empty());
  CHECK(dtx.front().from_s == doctest::Approx(0.9).epsilon(0.01));
  CHECK(dtx.back().to_s == doctest::Approx(1.5).epsilon(0.01));
}
