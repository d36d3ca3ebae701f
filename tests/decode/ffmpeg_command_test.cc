// What was recorded is to the sample what FFmpeg's command line makes of the same frames.
#include <doctest/doctest.h>

#include <fstream>
#include <random>

#include "command_output.h"
#include "payload_builder.h"
#include "speech.h"
#include "timeline_story.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

namespace {

struct FileKind {
  const char* demuxer;
  std::string magic;
};

// Its decoder's samples for a file of these frames.
Samples ffmpeg_decodes(const TemporaryFolder& folder, const FileKind& kind,
                       std::span<const Octets> frames) {
  std::ofstream file(folder / "frames", std::ios::binary);
  file << kind.magic;
  for (const Octets& frame : frames) {
    file.write(reinterpret_cast<const char*>(frame.data()),
               static_cast<std::streamsize>(frame.size()));
  }
  file.close();
  command_output("ffmpeg -nostdin -v error -y -f " + std::string(kind.demuxer) + " -i " +
                 (folder / "frames") + " -f s16le " + (folder / "samples"));
  const std::string bytes = read_file(folder / "samples");
  Samples samples(bytes.size() / 2);
  std::memcpy(samples.data(), bytes.data(), samples.size() * 2);
  return samples;
}

std::vector<Octets> encoded(const EncoderSettings& settings) {
  Samples said = recording("callback.wav", settings.rate);
  said.resize(3 * settings.rate);
  std::vector<Octets> frames;
  for (EncodedPacket& packet : encode(settings, said)) frames.push_back(std::move(packet.bytes));
  return frames;
}

// Any bits are frames to these.
std::vector<Octets> random_frames(std::size_t bytes, std::size_t count) {
  std::mt19937 random(1);
  std::vector<Octets> frames(count, Octets(bytes));
  for (Octets& frame : frames) {
    for (std::byte& byte : frame) byte = static_cast<std::byte>(random());
  }
  return frames;
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

TEST_CASE("one frame a packet: G.722, GSM, G.723.1, G.729, iLBC of 20 and 30 ms") {
  struct Case {
    capture::MediaFormat format;
    FileKind file;
    std::vector<Octets> frames;
    std::uint32_t ticks;
  };
  const Case cases[] = {
      {format(9, "G722"), {"g722", ""}, encoded({"g722", 16000, 0, 320}), 160},
      {format(3, "GSM"), {"gsm", ""}, encoded({"libgsm", 8000, 13200}), 160},
      {format(4, "G723"), {"g723_1", ""}, encoded({"g723_1", 8000, 6300}), 240},
      {format(18, "G729"), {"g729", ""}, fixture("voice.g729", 10), 80},
      {format(96, "iLBC", 8000, "mode=20"), {"ilbc", "#!iLBC20\n"}, random_frames(38, 100), 160},
      {format(96, "iLBC", 8000, "mode=30"), {"ilbc", "#!iLBC30\n"}, random_frames(50, 100), 240},
  };
  for (const Case& c : cases) {
    CAPTURE(c.format.encoding);
    CAPTURE(c.ticks);
    REQUIRE(c.frames.size() >= 50);
    const TemporaryFolder folder;
    const Samples expected = ffmpeg_decodes(folder, c.file, c.frames);
    REQUIRE(expected.size() >= 8000);
    CHECK(heard_of(c.format, c.frames, c.ticks) == expected);
  }
}

TEST_CASE("AMR whose mode changes, in both framings") {
  for (const bool wide : {false, true}) {
    const std::vector<Octets> frames =
        amr_frames(fixture(wide ? "modes.amr-wb" : "modes.amr"), wide);
    REQUIRE(frames.size() == 100);
    const TemporaryFolder folder;
    const Samples expected = ffmpeg_decodes(
        folder, wide ? FileKind{"amr", "#!AMR-WB\n"} : FileKind{"amr", "#!AMR\n"}, frames);
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
    const TemporaryFolder folder;
    const Samples expected = ffmpeg_decodes(folder, c.file, speech);
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
