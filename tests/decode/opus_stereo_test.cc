// Stereo senders of Opus (RFC 7587 sprop-stereo): one voice, the mean of both sides, as of L16; and
// what their packets say again of either channel.
#include <doctest/doctest.h>
#include <opus/opus.h>

#include <set>

#include "codec.h"
#include "payload_builder.h"
#include "speech.h"
#include "timeline_story.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

namespace {

constexpr std::uint8_t kOpus = 111;
constexpr std::size_t kRate = 48000;

enum class Mode { kSilk, kHybrid, kCelt };

struct Settings {
  Mode mode = Mode::kSilk;
  bool fec = false;
  std::size_t frame = kRate / 50;  // 20 ms
};

const unsigned char* octets(const Octets& bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// RFC 6716 §3.1
Mode mode_of(const Octets& packet) {
  const unsigned config = std::to_integer<unsigned>(packet[0]) >> 3U;
  return config < 12 ? Mode::kSilk : config < 16 ? Mode::kHybrid : Mode::kCelt;
}

// Left and right in turn.
Samples interleaved(const Samples& left, const Samples& right) {
  Samples out;
  for (std::size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
    out.push_back(left[i]);
    out.push_back(right[i]);
  }
  return out;
}

Samples opposite(const Samples& samples) {
  Samples out;
  for (const std::int16_t sample : samples) out.push_back(static_cast<std::int16_t>(-sample));
  return out;
}

Samples said(const char* name) {
  Samples samples = recording(name, kRate);
  samples.resize(3 * kRate);
  return samples;
}

std::vector<Octets> encoded(const Settings& settings, const Samples& stereo) {
  ::OpusEncoder* encoder = opus_encoder_create(kRate, 2, OPUS_APPLICATION_VOIP, nullptr);
  REQUIRE(encoder != nullptr);
  const int bandwidth =
      settings.mode == Mode::kSilk ? OPUS_BANDWIDTH_WIDEBAND : OPUS_BANDWIDTH_FULLBAND;
  const int rate = settings.mode == Mode::kSilk     ? 32000
                   : settings.mode == Mode::kHybrid ? 48000
                                                    : 128000;
  REQUIRE(opus_encoder_ctl(encoder, OPUS_SET_BITRATE(rate)) == OPUS_OK);
  REQUIRE(opus_encoder_ctl(encoder, OPUS_SET_BANDWIDTH(bandwidth)) == OPUS_OK);
  REQUIRE(opus_encoder_ctl(encoder, OPUS_SET_FORCE_CHANNELS(2)) == OPUS_OK);
  REQUIRE(opus_encoder_ctl(encoder, OPUS_SET_INBAND_FEC(settings.fec ? 1 : 0)) == OPUS_OK);
  REQUIRE(opus_encoder_ctl(encoder, OPUS_SET_PACKET_LOSS_PERC(settings.fec ? 20 : 0)) == OPUS_OK);
  std::vector<Octets> packets;
  for (std::size_t at = 0; at + 2 * settings.frame <= stereo.size(); at += 2 * settings.frame) {
    Octets packet(4000);
    const int size = opus_encode(encoder, stereo.data() + at, static_cast<int>(settings.frame),
                                 reinterpret_cast<unsigned char*>(packet.data()), 4000);
    REQUIRE(size > 0);
    packet.resize(static_cast<std::size_t>(size));
    packets.push_back(std::move(packet));
  }
  opus_encoder_destroy(encoder);
  return packets;
}

// libopus, asked by hand.
class Reference {
 public:
  explicit Reference(int channels)
      : channels_(static_cast<std::size_t>(channels)),
        decoder_(opus_decoder_create(kRate, channels, nullptr)) {}
  Reference(const Reference& other)
      : channels_(other.channels_),
        decoder_(opus_decoder_create(kRate, static_cast<int>(other.channels_), nullptr)) {
    std::memcpy(decoder_, other.decoder_,
                static_cast<std::size_t>(opus_decoder_get_size(static_cast<int>(channels_))));
  }
  Reference& operator=(const Reference&) = delete;
  ~Reference() { opus_decoder_destroy(decoder_); }

  // packet: null for one that was lost. previous: what it says of the one before.
  Samples decode(const Octets* packet, std::size_t frame, bool previous = false) {
    Samples out(frame * channels_);
    const auto size = static_cast<opus_int32>(packet != nullptr ? packet->size() : 0);
    REQUIRE(opus_decode(decoder_, packet != nullptr ? octets(*packet) : nullptr, size, out.data(),
                        static_cast<int>(frame), previous ? 1 : 0) == static_cast<int>(frame));
    return out;
  }

 private:
  std::size_t channels_;
  ::OpusDecoder* decoder_;
};

Samples render_stereo(const std::vector<Octets>& packets, std::size_t frame,
                      const std::set<std::size_t>& lost, RenderedCall& rendered) {
  capture::MediaFormat stereo = format(kOpus, "opus", kRate, "stereo=1; sprop-stereo=1");
  stereo.channels = 2;
  CallBuilder call;
  StreamBuilder& stream = call.format(Side::kCaller, stereo).stream(Side::kCaller);
  for (std::size_t i = 0; i < packets.size(); ++i) {
    if (lost.contains(i)) continue;
    stream.rtp({.at_ms = 1000.0 * static_cast<double>(i * frame) / kRate,
                .sequence = static_cast<std::uint16_t>(i),
                .timestamp = static_cast<std::uint32_t>(i * frame),
                .payload_type = kOpus,
                .payload = packets[i]});
  }
  rendered = call.render();
  return listen(rendered, call.folder()).caller;
}

// Does it say the packet before it again? Then libopus makes something else of that than by a
// packet of an encoder that has no FEC: a guess.
bool says_again(const Reference& decoder, const Octets& packet, const Octets& without_fec,
                std::size_t frame) {
  Reference asked(decoder);
  Reference guessing(decoder);
  return asked.decode(&packet, frame, true) != guessing.decode(&without_fec, frame, true);
}

}  // namespace

TEST_CASE("of a stereo sender the mean of left and right is heard, in each of Opus's modes") {
  const Samples left = said("callback.wav");
  const Samples right = said("water-question.wav");
  for (const Mode mode : {Mode::kSilk, Mode::kHybrid, Mode::kCelt}) {
    const Settings settings{.mode = mode};
    const std::vector<Octets> packets = encoded(settings, interleaved(left, right));
    CAPTURE(static_cast<int>(mode));
    Samples expected;
    Samples mean;
    Reference mono(1);
    Reference stereo(2);
    std::size_t of_mode = 0;
    for (const Octets& packet : packets) {
      REQUIRE(opus_packet_get_nb_channels(octets(packet)) == 2);
      if (mode_of(packet) == mode) ++of_mode;
      const Samples one = mono.decode(&packet, settings.frame);
      expected.insert(expected.end(), one.begin(), one.end());
      const Samples both = stereo.decode(&packet, settings.frame);
      for (std::size_t i = 0; i < both.size(); i += 2) {
        mean.push_back(static_cast<std::int16_t>((both[i] + both[i + 1]) / 2));
      }
    }
    CHECK(of_mode > packets.size() * 9 / 10);
    RenderedCall rendered;
    const Samples heard = render_stereo(packets, settings.frame, {}, rendered);
    CHECK(heard == expected);
    CHECK(likeness(heard, mean, 0) > 0.99);
    CHECK(std::sqrt(mean_square(heard) / mean_square(mean)) == doctest::Approx(1).epsilon(0.02));
  }
}

TEST_CASE("what a stereo packet says again of mid or side is found, whatever its length") {
  const Samples left = said("callback.wav");
  const Samples right = said("water-question.wav");
  for (const std::size_t ms : {10U, 20U, 40U, 60U}) {
    for (const bool sides_differ : {false, true}) {  // else mid is silence, and all is in the side
      for (const bool fec : {false, true}) {
        const Settings settings{.fec = fec, .frame = kRate * ms / 1000};
        const Samples both = interleaved(left, sides_differ ? right : opposite(left));
        const std::vector<Octets> packets = encoded(settings, both);
        const std::vector<Octets> plain = encoded({.frame = settings.frame}, both);
        CAPTURE(ms);
        CAPTURE(sides_differ);
        CAPTURE(fec);
        const Codec* codec = find_codec("opus");
        const auto decoder = codec->open(*codec, format(kOpus, "opus", kRate));
        Reference stereo(2);
        Reference mono(1);
        std::size_t again = 0;
        std::size_t heard_again = 0;
        std::size_t wrong = 0;
        for (const Octets& packet : packets) {
          const bool any = says_again(stereo, packet, plain[0], settings.frame);
          const bool mid = says_again(mono, packet, plain[0], settings.frame);
          if (any != decoder->repeats_previous(packet)) ++wrong;
          if ((mid ? settings.frame : 0) != decoder->restores(packet)) ++wrong;
          again += any ? 1 : 0;
          heard_again += mid ? 1 : 0;
          stereo.decode(&packet, settings.frame);
          mono.decode(&packet, settings.frame);
        }
        CHECK(wrong == 0);
        CHECK((again > packets.size() / 4) == fec);
        CHECK((heard_again > packets.size() / 4) == (fec && sides_differ));
      }
    }
  }
}

TEST_CASE("a lost packet of a stereo sender is heard as the next one says it again, and marked") {
  const Settings settings{.fec = true};
  const std::vector<Octets> packets =
      encoded(settings, interleaved(said("callback.wav"), said("water-question.wav")));
  const std::set<std::size_t> lost = {50, 90, 130};
  Samples expected;
  Reference mono(1);
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const bool gone = lost.contains(i);
    const Samples one = mono.decode(&packets[gone ? i + 1 : i], settings.frame, gone);
    expected.insert(expected.end(), one.begin(), one.end());
  }
  RenderedCall rendered;
  CHECK(render_stereo(packets, settings.frame, lost, rendered) == expected);
  const auto repaired = spans_of(rendered, SpanKind::kRepaired);
  REQUIRE(repaired.size() == 3);
  check_span(repaired, 0, 1.0, 1.02);
  check_span(repaired, 1, 1.8, 1.82);
  check_span(repaired, 2, 2.6, 2.62);
  CHECK(spans_of(rendered, SpanKind::kConcealed).empty());
}

TEST_CASE(
    "what the next packet says again of the side alone is not heard: it is a guess, and called "
    "that") {
  const Samples left = said("callback.wav");
  const Settings settings{.fec = true};
  const std::vector<Octets> packets = encoded(settings, interleaved(left, opposite(left)));
  RenderedCall rendered;
  render_stereo(packets, settings.frame, {50}, rendered);
  const auto concealed = spans_of(rendered, SpanKind::kConcealed);
  REQUIRE(concealed.size() == 1);
  check_span(concealed, 0, 1.0, 1.02);
  CHECK(spans_of(rendered, SpanKind::kRepaired).empty());
}
