// A sender that changes its codec within a call, or the number it goes by: one SSRC, one numbering,
// and a voice that stays where it sounded.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

#include "payload_builder.h"
#include "speech.h"
#include "timeline_story.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

namespace {

constexpr std::size_t kRate = 48000;
constexpr unsigned kPerPart = 100;  // packets of 20 ms

struct Part {
  capture::MediaFormat format;
  EncoderSettings encoder;
  std::uint32_t ticks;  // of a packet
};

const Part kNarrow = {format(0, "PCMU"), {"pcm_mulaw", 8000, 0, 160}, 160};
const Part kWide = {format(9, "G722"), {"g722", 16000, 0, 320}, 160};
const Part kFull = {format(111, "opus", 48000), {"libopus", 48000, 64000}, 960};

Samples said_at(std::uint32_t rate) {
  return recording("callback.wav", rate);
}

// The same sentence goes on in each part, by that part's codec.
std::vector<Rtp> speak(const std::vector<Part>& parts) {
  std::vector<Rtp> packets;
  std::uint32_t timestamp = 5000;
  for (std::size_t p = 0; p < parts.size(); ++p) {
    const Part& part = parts[p];
    Samples said = said_at(part.encoder.rate);
    const std::size_t length = std::size_t{kPerPart} * part.encoder.rate / 50;
    REQUIRE(said.size() >= (p + 1) * length);
    said = Samples(said.begin() + static_cast<long>(p * length),
                   said.begin() + static_cast<long>((p + 1) * length));
    for (EncodedPacket& encoded : encode(part.encoder, said)) {
      packets.push_back({.at_ms = 20.0 * static_cast<double>(packets.size()),
                         .sequence = static_cast<std::uint16_t>(0xFFC0 + packets.size()),
                         .timestamp = timestamp,
                         .payload_type = part.format.payload_type,
                         .payload = std::move(encoded.bytes)});
      timestamp += part.ticks;
    }
  }
  return packets;
}

struct Told {
  RenderedCall rendered;
  Samples heard;  // at 48 kHz
};

Told tell(const std::vector<Part>& parts, const std::vector<Rtp>& packets,
          const std::set<std::size_t>& lost = {}) {
  CallBuilder call;
  for (std::size_t p = 0; p < parts.size(); ++p) {
    call.format(Side::kCaller, parts[p].format, 20.0 * kPerPart * static_cast<double>(p));
  }
  StreamBuilder& stream = call.stream(Side::kCaller);
  for (std::size_t i = 0; i < packets.size(); ++i) {
    if (!lost.contains(i)) stream.rtp(packets[i]);
  }
  Told told{.rendered = call.render(), .heard = {}};
  const Heard heard = listen(told.rendered, call.folder());
  REQUIRE(heard.sample_rate == kRate);
  told.heard = heard.caller;
  return told;
}

// How like what was said a stretch is, by packets; codecs may delay it by less than 10 ms.
double likeness_of(const Samples& heard, std::size_t from, std::size_t to) {
  constexpr std::size_t kPacket = kRate / 50;
  const Samples said = said_at(kRate);
  constexpr std::size_t kStep = 3;  // the voice ends at 4 kHz
  const auto cut = [&](const Samples& all) {
    Samples out;
    for (std::size_t i = from * kPacket; i < to * kPacket && i < all.size(); i += kStep) {
      out.push_back(all[i]);
    }
    return out;
  };
  return likeness(cut(heard), cut(said), kRate / kStep / 100);
}

// Of the speaker, and behind the first packet.
double silent_s(const Told& told) {
  double sum = 0;
  for (const Span& span : spans_of(told.rendered, SpanKind::kNoMedia)) {
    if (span.channel == Side::kCaller && span.from_s > 0) sum += span.to_s - span.from_s;
  }
  return sum;
}

// Of each part, away from the changes.
void check_voice(const Told& told, std::size_t parts) {
  for (std::size_t p = 0; p < parts; ++p) {
    CAPTURE(p);
    CHECK(likeness_of(told.heard, p * kPerPart + 5, (p + 1) * kPerPart - 5) > 0.85);
  }
  CHECK(spans_of(told.rendered, SpanKind::kUndecodable).empty());
  CHECK(spans_of(told.rendered, SpanKind::kDtx).empty());
}

}  // namespace

TEST_CASE("from PCMU to G.722 to Opus and back, in the middle of a sentence") {
  const std::vector<std::vector<Part>> stories = {
      {kNarrow, kWide, kFull}, {kFull, kWide, kNarrow}, {kWide, kFull, kWide}};
  for (const auto& parts : stories) {
    CAPTURE(parts[0].format.encoding);
    const Told told = tell(parts, speak(parts));
    check_voice(told, 3);
    CHECK(told.heard.size() == 3 * kPerPart * kRate / 50);
    CHECK(spans_of(told.rendered, SpanKind::kLoss).empty());
    CHECK(silent_s(told) == 0);
    CHECK(told.rendered.streams[0].lost == 0);
  }
}

TEST_CASE("the same through a network with jitter") {
  const std::vector<Part> parts = {kNarrow, kWide, kFull};
  std::mt19937 random(7);
  std::uniform_real_distribution<double> delay(0, 30);
  for (unsigned round = 0; round < 4; ++round) {
    std::vector<Rtp> packets = speak(parts);
    for (Rtp& packet : packets) packet.at_ms += delay(random);
    const Told told = tell(parts, packets);
    check_voice(told, 3);
    CHECK(silent_s(told) < 0.005);  // a new clock is tied to the least delayed of its packets
    CHECK(spans_of(told.rendered, SpanKind::kLoss).empty());
  }
}

TEST_CASE("packets that are lost on both sides of a change are one loss of their length") {
  const std::vector<Part> parts = {kNarrow, kWide, kFull};
  const std::set<std::size_t> lost = {kPerPart - 2,     kPerPart - 1, kPerPart,
                                      2 * kPerPart - 1, 2 * kPerPart, 2 * kPerPart + 1};
  const Told told = tell(parts, speak(parts), lost);
  check_voice(told, 3);
  CHECK(told.rendered.streams[0].lost == lost.size());
  const auto loss = spans_of(told.rendered, SpanKind::kLoss);
  REQUIRE(loss.size() == 2);
  check_span(loss, 0, 0.02 * (kPerPart - 2), 0.02 * (kPerPart + 1));
  check_span(loss, 1, 0.02 * (2 * kPerPart - 1), 0.02 * (2 * kPerPart + 2));
  CHECK(spans_of(told.rendered, SpanKind::kConcealed).empty());
  CHECK(silent_s(told) == 0);
}

TEST_CASE("a re-INVITE gives the number to another codec, which is read as that from then on") {
  Part before = kWide;
  before.format = format(96, "L16", 16000);
  before.encoder = {"pcm_s16be", 16000, 0, 320};
  before.ticks = 320;
  Part after = kFull;
  after.format = format(96, "opus", 48000);
  const std::vector<Part> parts = {before, after};
  const Told told = tell(parts, speak(parts));
  check_voice(told, 2);
  CHECK(told.heard.size() == 2 * kPerPart * kRate / 50);
  CHECK(spans_of(told.rendered, SpanKind::kLoss).empty());
  CHECK(silent_s(told) == 0);
}

TEST_CASE("a codec that gets another number goes on without a gap") {
  Part after = kWide;
  after.format = format(98, "G722");
  const std::vector<Part> parts = {kFull, kWide, after};
  const Told told = tell(parts, speak(parts));
  check_voice(told, 3);
  CHECK(told.heard.size() == 3 * kPerPart * kRate / 50);
  CHECK(silent_s(told) == 0);
}
