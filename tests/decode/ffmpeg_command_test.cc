// What was recorded is to the sample what FFmpeg's command line makes of the same frames.
#include <doctest/doctest.h>

// spandsp's headers need these before them.
#include <cstdint>
#include <ctime>

#include <spandsp.h>

#include <memory>

#include "ffmpeg_decoder.h"
#include "payload_builder.h"
#include "speech.h"
#include "timeline_story.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

namespace {

// G.723.1 at 5.3 kbit/s, for which there is no encoder: any bits behind the type that are no
// forbidden pitch lag.
std::vector<Octets> random_g723_frames(std::size_t count) {
  std::vector<Octets> frames = random_frames(20, count);
  for (Octets& frame : frames) {
    frame[0] = (frame[0] & std::byte{0xFC}) | std::byte{0x01};
    frame[4] &= std::byte{0xFE};  // the highest bits of the lags
    frame[5] &= std::byte{0xFD};
  }
  return frames;
}

// Its rate may change with each frame.
std::vector<Octets> alternating(const std::vector<Octets>& a, const std::vector<Octets>& b) {
  std::vector<Octets> out;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    out.push_back(i % 5 < 3 ? a[i] : b[i]);
  return out;
}

struct FreeG726Encoder {
  void operator()(g726_state_t* state) const { g726_free(state); }
};

// Packets of 20 ms, filled from the low bit.
std::vector<Octets> encode_g726(const Samples& said, int bits) {
  const std::unique_ptr<g726_state_t, FreeG726Encoder> encoder(
      g726_init(nullptr, bits * 8000, G726_ENCODING_LINEAR, G726_PACKING_RIGHT));
  std::vector<Octets> packets;
  for (std::size_t at = 0; at + 160 <= said.size(); at += 160) {
    Octets& packet = packets.emplace_back(static_cast<std::size_t>(20 * bits));
    g726_encode(encoder.get(), reinterpret_cast<std::uint8_t*>(packet.data()), said.data() + at,
                160);
  }
  return packets;
}

double signal_to_noise_db(const Samples& heard, const Samples& said) {
  double signal = 0;
  double noise = 0;
  for (std::size_t i = 0; i < std::min(heard.size(), said.size()); ++i) {
    signal += std::pow(said[i], 2);
    noise += std::pow(heard[i] - said[i], 2);
  }
  return 10 * std::log10(signal / noise);
}

std::vector<Octets> amr_payloads(std::span<const Octets> frames, bool aligned, bool wide) {
  std::vector<Octets> payloads;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    payloads.push_back(amr_payload(frames.subspan(i, 1), aligned, wide));
  }
  return payloads;
}

Samples heard_of(const capture::MediaFormat& format, const std::vector<Octets>& payloads,
                 std::uint32_t ticks) {
  CallBuilder call;
  const RenderedCall rendered = render_payloads(call, format, payloads, ticks);
  CHECK(spans_of(rendered, SpanKind::kUndecodable).empty());
  CHECK(spans_of(rendered, SpanKind::kLoss).empty());
  return listen(rendered, call.folder()).caller;
}

}  // namespace

TEST_CASE("one frame a packet: G.722, GSM, G.723.1 at both rates, G.729, iLBC of 20 and 30 ms") {
  struct Case {
    capture::MediaFormat format;
    FileKind file;
    std::vector<Octets> frames;
    std::uint32_t ticks;
  };
  const std::vector<Octets> g723 = encoded_speech({"g723_1", 8000, 6300}, 3);
  const Case cases[] = {
      {format(9, "G722"), {"g722", ""}, encoded_speech({"g722", 16000, 0, 320}, 3), 160},
      {format(3, "GSM"), {"gsm", ""}, encoded_speech({"libgsm", 8000, 13200}, 3), 160},
      {format(4, "G723"), {"g723_1", ""}, g723, 240},
      {format(4, "G723"), {"g723_1", ""}, random_g723_frames(100), 240},
      {format(4, "G723"), {"g723_1", ""}, alternating(g723, random_g723_frames(100)), 240},
      {format(18, "G729"), {"g729", ""}, fixture("voice.g729", 10), 80},
      {format(96, "iLBC", 8000, "mode=20"), {"ilbc", "#!iLBC20\n"}, random_frames(38, 100), 160},
      {format(96, "iLBC", 8000, "mode=30"), {"ilbc", "#!iLBC30\n"}, random_frames(50, 100), 240},
  };
  for (const Case& c : cases) {
    CAPTURE(c.format.encoding);
    CAPTURE(c.ticks);
    REQUIRE(c.frames.size() >= 50);
    const Samples expected = ffmpeg_decodes(c.file, c.frames);
    REQUIRE(expected.size() >= 8000);
    CHECK(heard_of(c.format, c.frames, c.ticks) == expected);
  }
}

TEST_CASE("Speex and Opus, as the command decodes them from Ogg by the same libraries") {
  struct Case {
    const char* encoding;
    OggCodec codec;
    std::int64_t bit_rate;
  };
  const Case cases[] = {{"speex", {"libspeex", 8000, 160}, 15000},
                        {"speex", {"libspeex", 16000, 320}, 24000},
                        {"speex", {"libspeex", 32000, 640}, 28000},
                        {"opus", {"libopus", 48000, 960}, 16000},
                        {"opus", {"libopus", 48000, 960}, 64000}};
  for (const Case& c : cases) {
    CAPTURE(c.codec.rate);
    CAPTURE(c.bit_rate);
    const auto frames = encoded_speech({c.codec.decoder, c.codec.rate, c.bit_rate}, 3);
    const Samples expected = ffmpeg_decodes_ogg(c.codec, frames);
    REQUIRE(expected.size() == frames.size() * c.codec.frame_samples);
    const auto ticks = static_cast<std::uint32_t>(c.codec.frame_samples);
    CHECK(heard_of(format(97, c.encoding, c.codec.rate), frames, ticks) == expected);
  }
}

// The exception: spandsp decodes our G.726 (decode/NOTES.md).
TEST_CASE("G.726 is as near to what was said as the command's, and at 40 kbit/s much nearer") {
  Samples said = recording("callback.wav", 8000);
  said.resize(3UL * 8000);
  struct Case {
    int bits;
    double least_db;
  };
  for (const Case& c : {Case{2, 11}, Case{3, 14.5}, Case{4, 18.5}, Case{5, 19.5}}) {
    const int bits = c.bits;
    CAPTURE(bits);
    const std::vector<Octets> frames = encode_g726(said, bits);
    const FileKind file = {"g726le", "", "-code_size " + std::to_string(bits)};
    const double theirs = signal_to_noise_db(ffmpeg_decodes(file, frames), said);
    const std::string name = "G726-" + std::to_string(8 * bits);
    const double ours = signal_to_noise_db(heard_of(format(97, name.c_str()), frames, 160), said);
    CHECK(ours > c.least_db);
    CHECK(ours > theirs - 0.1);
    CHECK((theirs < 3) == (bits == 5));
  }
}

TEST_CASE("AMR whose mode changes, in both framings") {
  for (const bool wide : {false, true}) {
    const std::vector<Octets> frames =
        amr_frames(fixture(wide ? "modes.amr-wb" : "modes.amr"), wide);
    REQUIRE(frames.size() == 100);
    const Samples expected =
        ffmpeg_decodes(wide ? FileKind{"amr", "#!AMR-WB\n"} : FileKind{"amr", "#!AMR\n"}, frames);
    const std::uint32_t rate = wide ? 16000 : 8000;
    REQUIRE(expected.size() == 2 * rate);
    for (const bool aligned : {false, true}) {
      CAPTURE(wide);
      CAPTURE(aligned);
      const auto sent = format(96, wide ? "AMR-WB" : "AMR", rate, aligned ? "octet-align=1" : "");
      CHECK(heard_of(sent, amr_payloads(frames, aligned, wide), rate / 50) == expected);
    }
  }
}

TEST_CASE(
    "silence that AMR and G.729 annex B announce: dtx spans that nobody hears, and speech around "
    "them") {
  struct Case {
    const char* name;
    FileKind file;
    std::vector<Octets> frames;    // as the file has them
    std::vector<Octets> payloads;  // of each; empty: no packet is sent
    std::uint32_t rate;
    std::uint32_t ticks;
    std::size_t least_speech;  // bytes of a frame that is more than silence
  };
  std::vector<Case> cases;
  for (const bool wide : {false, true}) {
    auto frames = amr_frames(fixture(wide ? "pauses.amr-wb" : "pauses.amr"), wide);
    auto payloads = amr_payloads(frames, false, wide);
    const std::uint32_t rate = wide ? 16000 : 8000;
    cases.push_back({wide ? "AMR-WB" : "AMR",
                     {"amr", wide ? "#!AMR-WB\n" : "#!AMR\n"},
                     std::move(frames),
                     std::move(payloads),
                     rate,
                     rate / 50,
                     7});
    cases.push_back(cases.back());  // and of NO_DATA no packets are sent at all
    for (std::size_t i = 0; i < cases.back().frames.size(); ++i) {
      if (cases.back().frames[i].size() == 1) cases.back().payloads[i].clear();
    }
  }
  std::vector<Octets> g729;
  const Octets bytes = fixture("pauses.g729");
  for (std::size_t at = 0; at < bytes.size(); at += 1 + static_cast<std::size_t>(bytes[at])) {
    const auto size = static_cast<std::ptrdiff_t>(bytes[at]);
    const auto from = bytes.begin() + static_cast<std::ptrdiff_t>(at) + 1;
    g729.emplace_back(from, from + size);
  }
  cases.push_back({"G729", {"g729", ""}, g729, g729, 8000, 80, 10});

  for (const Case& c : cases) {
    CAPTURE(std::string(c.name));
    CallBuilder call;
    StreamBuilder& stream =
        call.format(Side::kCaller, format(96, c.name, c.rate)).stream(Side::kCaller);
    std::vector<Octets> speech;
    std::uint16_t sequence = 7;
    for (std::uint32_t i = 0; i < c.frames.size(); ++i) {
      if (c.frames[i].size() >= c.least_speech) speech.push_back(c.frames[i]);
      if (c.payloads[i].empty()) continue;
      stream.rtp({.at_ms = 1000.0 * i * c.ticks / c.rate,
                  .sequence = sequence++,
                  .timestamp = i * c.ticks,
                  .payload_type = 96,
                  .payload = c.payloads[i]});
    }
    const RenderedCall rendered = call.render();
    const Samples heard = listen(rendered, call.folder()).caller;
    const Samples expected = ffmpeg_decodes(c.file, speech);
    REQUIRE(speech.size() < c.frames.size() * 2 / 3);
    Samples heard_speech;
    Samples heard_silence;
    for (std::size_t i = 0; i < c.frames.size(); ++i) {
      const auto from = heard.begin() + static_cast<std::ptrdiff_t>(i * c.ticks);
      Samples& part = c.frames[i].size() >= c.least_speech ? heard_speech : heard_silence;
      part.insert(part.end(), from, from + c.ticks);
    }
    CHECK(heard_speech == expected);
    CHECK(std::sqrt(mean_square(heard_silence)) <
          2);  // they were silent to the last bit, and say so
    double silent_s = 0;
    for (const Span& span : spans_of(rendered, SpanKind::kDtx)) silent_s += span.to_s - span.from_s;
    CHECK(silent_s == doctest::Approx(static_cast<double>(heard_silence.size()) / c.rate));
    CHECK(spans_of(rendered, SpanKind::kLoss).empty());
  }
}
