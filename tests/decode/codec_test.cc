// Each codec from RTP payload to samples: against libavcodec's decoder fed directly, and against
// what was said.
#include <doctest/doctest.h>

#include "codec.h"
#include "payload_builder.h"
#include "speech.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

namespace {

struct CodecCase {
  capture::MediaFormat format;
  EncoderSettings encoder;
  ReferenceDecoder reference;
  std::uint32_t ticks_per_sample_num = 1;  // RTP ticks of one audio sample: 1, or 1/2 for G.722
  std::uint32_t ticks_per_sample_den = 1;
  double likeness = 0.9;
};

const CodecCase kCases[] = {
    {format(0, "PCMU", 8000), {"pcm_mulaw", 8000, 0, 160}, {"pcm_mulaw"}, 1, 1, 0.99},
    {format(8, "PCMA", 8000), {"pcm_alaw", 8000, 0, 160}, {"pcm_alaw"}, 1, 1, 0.99},
    {format(9, "G722", 8000), {"g722", 16000, 0, 320}, {"g722", 16000}, 1, 2, 0.97},
    {format(3, "gsm", 8000), {"libgsm", 8000, 13200}, {"libgsm"}, 1, 1, 0.85},
    {format(4, "G723", 8000), {"g723_1", 8000, 6300}, {"g723_1"}, 1, 1, 0.7},
    {format(96, "speex", 8000), {"libspeex", 8000, 15000}, {"libspeex", 8000}, 1, 1, 0.7},
    {format(97, "Speex", 16000), {"libspeex", 16000, 24000}, {"libspeex", 16000}, 1, 1, 0.7},
    {format(98, "speex", 32000), {"libspeex", 32000, 28000}, {"libspeex", 32000}, 1, 1, 0.7},
    {format(111, "opus", 48000), {"libopus", 48000, 32000}, {"libopus", 48000}, 1, 1, 0.85},
    {format(96, "L16", 16000), {"pcm_s16be", 16000, 0, 320}, {"pcm_s16be", 16000}, 1, 1, 0.999},
};

// Sends packets of the caller's voice; the timestamps are what the row says.
void send(CallBuilder& call, const CodecCase& c, const std::vector<EncodedPacket>& packets) {
  StreamBuilder& stream = call.format(Side::kCaller, c.format).stream(Side::kCaller);
  std::uint64_t samples = 0;
  std::uint16_t sequence = 1000;
  for (const EncodedPacket& packet : packets) {
    const auto ticks = samples * c.ticks_per_sample_num / c.ticks_per_sample_den;
    stream.rtp({.at_ms = 1000.0 * static_cast<double>(samples) / c.encoder.rate,
                .sequence = sequence++,
                .timestamp = static_cast<std::uint32_t>(ticks),
                .payload_type = c.format.payload_type,
                .payload = packet.bytes});
    samples += packet.samples;
  }
}

}  // namespace

TEST_CASE("every codec comes out as its decoder gives it, and as it was said") {
  for (const CodecCase& c : kCases) {
    CAPTURE(c.format.encoding);
    CAPTURE(c.format.clock_rate);
    Samples said = recording("water-question.wav", c.encoder.rate);
    said.resize(3 * c.encoder.rate);
    const std::vector<EncodedPacket> packets = encode(c.encoder, said);
    REQUIRE(packets.size() > 50);
    CallBuilder call;
    send(call, c, packets);
    const RenderedCall rendered = call.render();
    const Heard heard = listen(rendered, call.folder());
    CHECK(heard.sample_rate == c.encoder.rate);
    const Samples expected = decode_directly(c.reference, packets);
    CHECK(heard.caller == expected);
    CHECK(likeness(heard.caller, said, c.encoder.rate / 20) > c.likeness);
    CHECK(rendered.streams[0].rendered);
    CHECK(rendered.silent_because.empty());
    CHECK(spans_of(rendered, SpanKind::kUndecodable).empty());
    CHECK(spans_of(rendered, SpanKind::kDtx).empty());
  }
}

TEST_CASE("G.729 frames of another maker's encoder are speech, two a packet") {
  const std::vector<Octets> frames = fixture("voice.g729", 10);
  std::vector<Octets> payloads;
  for (std::size_t i = 0; i + 1 < frames.size(); i += 2) {
    payloads.push_back(frames[i]);
    payloads.back().insert(payloads.back().end(), frames[i + 1].begin(), frames[i + 1].end());
  }
  CallBuilder call;
  const RenderedCall rendered = render_payloads(call, format(18, "G729", 8000), payloads, 160);
  const Heard heard = listen(rendered, call.folder());
  CHECK(heard.caller.size() == 16000);
  CHECK(likeness(heard.caller, computed_voice(8000, 2), 400) > 0.75);
}

// RFC 5574 §3.3: frames follow each other by bits; a zero and ones fill up the last byte. Frames of
// 15 kbit/s are of 300 bits, so that the second one begins within a byte.
TEST_CASE("Speex of several frames a packet comes out as that of one") {
  Samples said = recording("water-question.wav", 8000);
  said.resize(3UL * 8000);
  const std::vector<EncodedPacket> packets = encode({"libspeex", 8000, 15000}, said);
  constexpr unsigned kFrameBits = 300;
  constexpr std::size_t kPerPacket = 3;
  std::vector<Octets> payloads;
  for (std::size_t i = 0; i + kPerPacket <= packets.size(); i += kPerPacket) {
    BitWriter out;
    for (std::size_t k = 0; k < kPerPacket; ++k) {
      REQUIRE(packets[i + k].bytes.size() == (kFrameBits + 7) / 8);
      out.put(packets[i + k].bytes, kFrameBits);
    }
    payloads.push_back(out.put(0x7, 4).bytes());
  }
  CallBuilder call;
  const RenderedCall rendered =
      render_payloads(call, format(97, "speex", 8000), payloads, 160 * kPerPacket);
  Samples expected = decode_directly({"libspeex", 8000}, packets);
  expected.resize(payloads.size() * kPerPacket * 160);
  CHECK(listen(rendered, call.folder()).caller == expected);
}

TEST_CASE("AMR comes out the same from both framings, with one or three frames a packet") {
  struct Family {
    const char* encoding;
    const char* file;
    std::size_t frame_bytes;
    bool wide;
    std::uint32_t rate;
  };
  const Family families[] = {{"AMR", "voice.amr", 32, false, 8000},
                             {"AMR-WB", "voice.amr-wb", 33, true, 16000}};
  for (const Family& family : families) {
    const std::vector<Octets> frames = fixture(family.file, family.frame_bytes);
    Samples first;
    for (const bool aligned : {false, true}) {
      for (const char* fmtp : {"", "octet-align=1", "mode-set=7; octet-align=0"}) {
        for (const std::size_t per_packet : {1U, 3U}) {
          CAPTURE(std::string(family.encoding));
          CAPTURE(aligned);
          CAPTURE(std::string(fmtp));  // wrong in half of the cases: the payload tells
          std::vector<Octets> payloads;
          for (std::size_t i = 0; i + per_packet <= frames.size(); i += per_packet) {
            payloads.push_back(
                amr_payload(std::span(frames).subspan(i, per_packet), aligned, family.wide));
          }
          CallBuilder call;
          const auto ticks = static_cast<std::uint32_t>(family.rate / 50 * per_packet);
          const RenderedCall rendered = render_payloads(
              call, format(96, family.encoding, family.rate, fmtp), payloads, ticks);
          const Heard heard = listen(rendered, call.folder());
          CHECK(heard.sample_rate == family.rate);
          CHECK(heard.caller.size() == payloads.size() * ticks);
          CHECK(likeness(heard.caller, computed_voice(family.rate, 2), family.rate / 40) > 0.75);
          if (first.empty()) first = heard.caller;
          CHECK(std::equal(heard.caller.begin(), heard.caller.end(), first.begin()));
          CHECK(spans_of(rendered, SpanKind::kUndecodable).empty());
        }
      }
    }
  }
}

TEST_CASE("announced silence is a dtx span: AMR SID and NO_DATA, G.729 annex B, G.723.1 SID") {
  const Octets speech = fixture("voice.amr", 32)[40];
  const Octets sid = {std::byte{0x44}, std::byte{0}, std::byte{0},
                      std::byte{0},    std::byte{0}, std::byte{0}};
  const Octets no_data = {std::byte{0x7C}};
  const auto amr = [](const Octets& frame) {
    return amr_payload(std::span(&frame, 1), true, false);
  };
  struct Case {
    capture::MediaFormat format;
    std::vector<Octets> payloads;
    std::uint32_t ticks;
    double from_s;
    double to_s;
  };
  const Octets g729 = fixture("voice.g729", 10)[50];
  Octets g729_and_sid = g729;
  g729_and_sid.resize(12);
  const Octets g723(24, std::byte{0x00});
  const Octets g723_sid = {std::byte{0x02}, std::byte{1}, std::byte{2}, std::byte{3}};
  const Case cases[] = {
      {format(96, "AMR", 8000, "octet-align=1"),
       {amr(speech), amr(sid), amr(no_data), amr(speech)},
       160,
       0.02,
       0.06},
      {format(18, "G729", 8000), {g729, Octets(2), g729}, 80, 0.01, 0.02},
      {format(18, "G729", 8000), {g729_and_sid, g729_and_sid}, 160, 0.01, 0.02},
      {format(4, "G723", 8000), {g723, g723_sid, {std::byte{3}}, g723}, 240, 0.03, 0.09},
  };
  for (const Case& c : cases) {
    CAPTURE(c.format.encoding);
    CallBuilder call;
    const RenderedCall rendered = render_payloads(call, c.format, c.payloads, c.ticks);
    const std::vector<Span> dtx = spans_of(rendered, SpanKind::kDtx);
    REQUIRE_FALSE(dtx.empty());
    CHECK(dtx[0].from_s == doctest::Approx(c.from_s));
    CHECK(dtx[0].to_s == doctest::Approx(c.to_s));
    CHECK(spans_of(rendered, SpanKind::kUndecodable).empty());
    CHECK(spans_of(rendered, SpanKind::kLoss).empty());
  }
}

TEST_CASE("iLBC takes both frame lengths, whatever the mode in SDP") {
  for (const std::size_t bytes : {38U, 50U}) {
    for (const char* fmtp : {"mode=20", "mode=30", ""}) {
      const std::uint32_t ticks = bytes == 38 ? 160 : 240;
      const std::vector<Octets> payloads(20, Octets(bytes, std::byte{0x5A}));
      CallBuilder call;
      const RenderedCall rendered =
          render_payloads(call, format(96, "ilbc", 8000, fmtp), payloads, ticks);
      CHECK(rendered.audio.samples == 20 * ticks);
      CHECK(rendered.streams[0].rendered);
      CHECK(spans_of(rendered, SpanKind::kUndecodable).empty());
    }
  }
}

TEST_CASE("stereo L16 is mixed to the side's one voice, and is not called lossless") {
  Octets payload;
  for (int i = 0; i < 160; ++i) {
    capture::test::Writer out;
    out.u16(1000).u16(3000);
    payload.insert(payload.end(), out.octets().begin(), out.octets().end());
  }
  capture::MediaFormat stereo = format(96, "L16", 8000);
  stereo.channels = 2;
  CallBuilder call;
  const RenderedCall rendered = render_payloads(call, stereo, {payload, payload}, 160);
  CHECK(listen(rendered, call.folder()).caller == Samples(320, 2000));
  CHECK_FALSE(rendered.streams[0].lossless);
}

TEST_CASE("a payload that breaks its format is an undecodable span among good ones") {
  const Octets good = fixture("voice.g729", 10)[50];
  CallBuilder call;
  const RenderedCall rendered =
      render_payloads(call, format(18, "G729", 8000), {good, Octets(7), good, good}, 80);
  const std::vector<Span> broken = spans_of(rendered, SpanKind::kUndecodable);
  REQUIRE(broken.size() == 1);
  CHECK(broken[0].from_s == doctest::Approx(0.01));
  CHECK(broken[0].to_s == doctest::Approx(0.02));
  CHECK(broken[0].note == "G729 payload that its decoder refuses");
  CHECK(rendered.silent_because.empty());
}

TEST_CASE("every row of the registry is found by its names in any case, and opens") {
  for (const Codec& codec : codec_registry()) {
    CAPTURE(codec.name);
    CHECK(find_codec(codec.name) == &codec);
    std::string upper(codec.encodings[0]);
    for (char& c : upper) c = static_cast<char>(std::toupper(c));
    CHECK(find_codec(upper) == &codec);
    capture::MediaFormat described;
    described.encoding = codec.name;
    described.clock_rate = codec.clock_rate;
    CHECK(codec.open(codec, described) != nullptr);
    CHECK(is_usable_rate(audio_rate_of(codec, described)));
  }
  CHECK(find_codec("EVS") == nullptr);
  CHECK(find_codec("") == nullptr);
}

TEST_CASE("parameters of a=fmtp are found with spaces, in any case, and not by their ends") {
  CHECK(fmtp_value("mode=20", "mode") == "20");
  CHECK(fmtp_value("mode-set=0,2; Octet-Align = 1 ;crc=0", "octet-align") == "1");
  CHECK(fmtp_value("xmode=20", "mode").empty());
  CHECK(fmtp_value("0-15", "mode").empty());
  CHECK(fmtp_value("", "mode").empty());
}
