// Lost packets of the codecs beside Opus: the guess of those whose decoder makes one, marked;
// silence for the others.
#include <doctest/doctest.h>
#include <speex/speex.h>

#include <set>

#include "payload_builder.h"
#include "speech.h"
#include "timeline_story.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

namespace {

using Lost = std::set<std::size_t>;

struct Talker {
  capture::MediaFormat format;
  std::vector<Octets> frames;  // one a packet
  std::size_t samples = 160;   // of a frame
  // What its decoder makes of them, asked by hand; empty ones are frames that were lost.
  Samples (*decode)(const Talker& talker, const std::vector<Octets>& frames) = nullptr;
  const char* libav_decoder = nullptr;
  Octets erased = {};  // as libav_decoder knows it

  [[nodiscard]] std::uint32_t rate() const { return format.clock_rate; }
  [[nodiscard]] std::size_t most_guessed() const { return rate() * 60 / 1000 / samples; }
};

Samples by_libav(const Talker& talker, const std::vector<Octets>& frames) {
  std::vector<EncodedPacket> packets;
  for (const Octets& frame : frames) {
    packets.push_back({.bytes = frame.empty() ? talker.erased : frame, .samples = 0});
  }
  return decode_directly({talker.libav_decoder, talker.rate()}, packets);
}

Samples by_libspeex(const Talker& talker, const std::vector<Octets>& frames) {
  const int mode = talker.rate() == 8000    ? SPEEX_MODEID_NB
                   : talker.rate() == 16000 ? SPEEX_MODEID_WB
                                            : SPEEX_MODEID_UWB;
  void* decoder = speex_decoder_init(speex_lib_get_mode(mode));
  SpeexBits bits;
  speex_bits_init(&bits);
  Samples out;
  for (Octets frame : frames) {
    speex_bits_read_from(&bits, reinterpret_cast<char*>(frame.data()),
                         static_cast<int>(frame.size()));
    out.resize(out.size() + talker.samples);
    std::int16_t* const room = out.data() + out.size() - talker.samples;
    REQUIRE(speex_decode_int(decoder, frame.empty() ? nullptr : &bits, room) == 0);
  }
  speex_bits_destroy(&bits);
  speex_decoder_destroy(decoder);
  return out;
}

// Those whose decoder guesses.
std::vector<Talker> guessed_talkers() {
  Octets forbidden_lag(24, std::byte{0xFF});  // of G.723.1: seven ones from bit 26 on
  forbidden_lag[0] = std::byte{0xFC};         // a frame of 6.3 kbit/s
  std::vector<Talker> all = {{.format = format(18, "G729"),
                              .frames = fixture("voice.g729", 10),
                              .samples = 80,
                              .decode = by_libav,
                              .libav_decoder = "g729",
                              .erased = Octets(10)},
                             {.format = format(4, "G723"),
                              .frames = encoded_speech({"g723_1", 8000, 6300}, 4),
                              .samples = 240,
                              .decode = by_libav,
                              .libav_decoder = "g723_1",
                              .erased = forbidden_lag}};
  for (const std::uint32_t rate : {8000U, 16000U, 32000U}) {
    all.push_back({.format = format(97, "speex", rate),
                   .frames = encoded_speech({"libspeex", rate, 24000}, 4),
                   .samples = rate / 50,
                   .decode = by_libspeex});
  }
  return all;
}

Samples render_without(const Talker& talker, const Lost& lost, RenderedCall& rendered) {
  CallBuilder call;
  StreamBuilder& stream = call.format(Side::kCaller, talker.format).stream(Side::kCaller);
  for (std::size_t i = 0; i < talker.frames.size(); ++i) {
    if (lost.contains(i)) continue;
    stream.rtp({.at_ms = 1000.0 * static_cast<double>(i * talker.samples) / talker.rate(),
                .sequence = static_cast<std::uint16_t>(i),
                .timestamp = static_cast<std::uint32_t>(i * talker.samples),
                .payload_type = talker.format.payload_type,
                .payload = talker.frames[i]});
  }
  rendered = call.render();
  return listen(rendered, call.folder()).caller;
}

Lost range(std::size_t from, std::size_t to) {
  Lost lost;
  for (; from < to; ++from) lost.insert(from);
  return lost;
}

double distance(const Samples& a, const Samples& b) {
  REQUIRE(a.size() == b.size());
  double energy = 0;
  for (std::size_t i = 0; i < a.size(); ++i) energy += std::pow(a[i] - b[i], 2);
  return energy;
}

}  // namespace

TEST_CASE("G.729, G.723.1 and Speex guess for 60 ms, marked, and go on from there") {
  for (const Talker& talker : guessed_talkers()) {
    CAPTURE(talker.format.encoding);
    CAPTURE(talker.rate());
    const std::size_t most = talker.most_guessed();
    constexpr std::size_t kOne = 30;
    constexpr std::size_t kMany = 40;
    const std::size_t heard_again = kMany + most + 15;
    Lost lost = range(kMany, heard_again);
    lost.insert(kOne);
    RenderedCall rendered;
    const Samples heard = render_without(talker, lost, rendered);

    // Of what lies beyond 60 ms no decoder is told.
    std::vector<Octets> told;
    for (std::size_t i = 0; i < talker.frames.size(); ++i) {
      if (i >= kMany + most && i < heard_again) continue;
      told.push_back(lost.contains(i) ? Octets() : talker.frames[i]);
    }
    Samples expected = talker.decode(talker, told);
    expected.insert(expected.begin() + static_cast<long>((kMany + most) * talker.samples),
                    15 * talker.samples, 0);
    CHECK(heard == expected);
    const auto guess = part(heard, kOne * talker.samples, (kOne + 1) * talker.samples);
    CHECK(std::sqrt(mean_square(guess)) > 30);

    const double frame_s = static_cast<double>(talker.samples) / talker.rate();
    const auto concealed = spans_of(rendered, SpanKind::kConcealed);
    REQUIRE(concealed.size() == 2);
    check_span(concealed, 0, kOne * frame_s, (kOne + 1) * frame_s);
    check_span(concealed, 1, kMany * frame_s, kMany * frame_s + 0.06);
    const auto loss = spans_of(rendered, SpanKind::kLoss);
    REQUIRE(loss.size() == 1);
    check_span(loss, 0, kMany * frame_s + 0.06, static_cast<double>(heard_again) * frame_s);
    CHECK(rendered.streams[0].lost == lost.size());
  }
}

TEST_CASE("a guess is nearer to what was said than silence, in the gaps and behind them") {
  for (const Talker& talker : guessed_talkers()) {
    CAPTURE(talker.format.encoding);
    CAPTURE(talker.rate());
    Lost lost;
    for (std::size_t i = 10; i + 10 < talker.frames.size(); i += 10) lost.insert(i);
    RenderedCall rendered;
    const Samples guessed = render_without(talker, lost, rendered);
    const Samples said = talker.decode(talker, talker.frames);
    // A decoder that nobody tells of a loss, and silence in its place.
    std::vector<Octets> left;
    for (std::size_t i = 0; i < talker.frames.size(); ++i) {
      if (!lost.contains(i)) left.push_back(talker.frames[i]);
    }
    Samples untold = talker.decode(talker, left);
    for (const std::size_t i : lost) {
      untold.insert(untold.begin() + static_cast<long>(i * talker.samples), talker.samples, 0);
    }
    CHECK(distance(guessed, said) < 0.9 * distance(untold, said));
  }
}

TEST_CASE("of a packet of two frames both are guessed") {
  Talker talker = guessed_talkers()[0];
  std::vector<Octets> told = talker.frames;
  told[60].clear();
  told[61].clear();
  const Samples expected = talker.decode(talker, told);
  for (std::size_t i = 0; i < talker.frames.size() / 2; ++i) {
    talker.frames[i] = talker.frames[2 * i];
    const Octets& second = talker.frames[2 * i + 1];
    talker.frames[i].insert(talker.frames[i].end(), second.begin(), second.end());
  }
  talker.frames.resize(talker.frames.size() / 2);
  talker.samples = 160;
  RenderedCall rendered;
  CHECK(render_without(talker, {30}, rendered) == expected);
  const auto concealed = spans_of(rendered, SpanKind::kConcealed);
  REQUIRE(concealed.size() == 1);
  check_span(concealed, 0, 0.6, 0.62);
}

TEST_CASE("where no decoder guesses a lost packet is silence, and no word of a guess") {
  const std::vector<Octets> amr = fixture("voice.amr", 32);
  std::vector<Octets> amr_payloads;
  for (const Octets& frame : amr) {
    amr_payloads.push_back(amr_payload(std::span(&frame, 1), false, false));
  }
  const Talker talkers[] = {
      {.format = format(96, "AMR"), .frames = amr_payloads},
      {.format = format(3, "GSM"), .frames = encoded_speech({"libgsm", 8000, 13200}, 4)}};
  for (const Talker& talker : talkers) {
    CAPTURE(talker.format.encoding);
    RenderedCall rendered;
    const Samples heard = render_without(talker, {30, 31}, rendered);
    CHECK(is_silence(part(heard, 30 * 160, 32 * 160)));
    const auto loss = spans_of(rendered, SpanKind::kLoss);
    REQUIRE(loss.size() == 1);
    check_span(loss, 0, 0.6, 0.64);
    CHECK(spans_of(rendered, SpanKind::kConcealed).empty());
  }
}

TEST_CASE("packets that are refused between losses do not make a guess any longer than 60 ms") {
  Talker talker = guessed_talkers()[0];
  Lost lost;
  for (std::size_t i = 30; i < 70; ++i) {
    if (i % 4 == 3)
      talker.frames[i] = Octets(7);
    else
      lost.insert(i);
  }
  RenderedCall rendered;
  render_without(talker, lost, rendered);
  double concealed_s = 0;
  for (const Span& span : spans_of(rendered, SpanKind::kConcealed)) {
    concealed_s += span.to_s - span.from_s;
  }
  CHECK(concealed_s == doctest::Approx(0.06));
  CHECK(spans_of(rendered, SpanKind::kUndecodable).size() == 10);
}
