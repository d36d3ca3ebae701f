// Whatever the network does to the order of a stream's packets, how often it copies and which it
// loses: where a packet is left, the samples are the same.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "payload_builder.h"
#include "speech.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

namespace {

constexpr double kLongestDelay_ms = 3000;  // a packet is waited for 4 s
constexpr unsigned kSeeds = 4;

struct Sender {
  capture::MediaFormat format;
  std::vector<Octets> payloads;
  std::uint32_t ticks = 160;  // of a packet
  std::uint32_t rate = 8000;  // of the samples
  bool has_memory = true;     // a packet that is lost is heard in those behind it

  [[nodiscard]] double packet_ms() const { return 1000.0 * ticks / clock(); }
  [[nodiscard]] std::uint32_t clock() const {
    return format.encoding == "G722" ? 8000 : format.clock_rate;
  }
  [[nodiscard]] std::size_t samples() const { return std::size_t{ticks} * rate / clock(); }
};

Sender speaking(const capture::MediaFormat& format, const EncoderSettings& encoder,
                std::uint32_t ticks, bool has_memory = true) {
  Sender sender{.format = format,
                .payloads = {},
                .ticks = ticks,
                .rate = encoder.rate,
                .has_memory = has_memory};
  Samples said = recording("switchboard.wav", encoder.rate);
  said.resize(5 * encoder.rate);
  for (EncodedPacket& packet : encode(encoder, said)) {
    sender.payloads.push_back(std::move(packet.bytes));
  }
  return sender;
}

std::vector<Sender> senders() {
  std::vector<Sender> all = {
      speaking(format(0, "PCMU"), {"pcm_mulaw", 8000, 0, 160}, 160, false),
      speaking(format(8, "PCMA"), {"pcm_alaw", 8000, 0, 80}, 80, false),
      speaking(format(96, "L16", 16000), {"pcm_s16be", 16000, 0, 480}, 480, false),
      speaking(format(9, "G722"), {"g722", 16000, 0, 320}, 160),
      speaking(format(3, "GSM"), {"libgsm", 8000, 13200}, 160),
      speaking(format(4, "G723"), {"g723_1", 8000, 6300}, 240),
      speaking(format(97, "speex"), {"libspeex", 8000, 15000}, 160),
      speaking(format(111, "opus", 48000), {"libopus", 48000, 32000}, 960)};
  all.push_back({.format = format(18, "G729"), .payloads = fixture("voice.g729", 10), .ticks = 80});
  Sender amr{.format = format(96, "AMR"), .payloads = {}};
  for (const Octets& frame : fixture("voice.amr", 32)) {
    amr.payloads.push_back(amr_payload(std::span(&frame, 1), false, false));
  }
  all.push_back(std::move(amr));
  return all;
}

// Numbers and timestamps come round on the way.
Rtp packet_of(const Sender& sender, std::size_t n) {
  return {.at_ms = sender.packet_ms() * static_cast<double>(n),
          .sequence = static_cast<std::uint16_t>(0xFFC0 + n),
          .timestamp = static_cast<std::uint32_t>(0xFFFFF000 + n * sender.ticks),
          .payload_type = sender.format.payload_type,
          .payload = sender.payloads[n]};
}

std::vector<Rtp> in_order(const Sender& sender) {
  std::vector<Rtp> packets;
  for (std::size_t n = 0; n < sender.payloads.size(); ++n) packets.push_back(packet_of(sender, n));
  return packets;
}

// The first and the last one are in time: nothing else says where the stream begins; and whether
// the last is late, or came after a pause that the sender's clock slept through.
std::vector<Rtp> disordered(std::vector<Rtp> packets, std::mt19937& random) {
  std::uniform_real_distribution<double> delay(0, kLongestDelay_ms);
  const auto late = [&](Rtp packet) {
    packet.at_ms += delay(random);
    return packet;
  };
  const std::size_t sent = packets.size();
  for (std::size_t i = 0; i < sent; ++i) {
    if (random() % 8 == 0) packets.push_back(late(packets[i]));
    if (i != 0 && i + 1 != sent && random() % 3 == 0) packets[i] = late(packets[i]);
  }
  std::stable_sort(packets.begin(), packets.end(),
                   [](const Rtp& a, const Rtp& b) { return a.at_ms < b.at_ms; });
  return packets;
}

struct Outcome {
  RenderedCall rendered;
  Samples heard;
};

Outcome render_sent(const Sender& sender, const std::vector<Rtp>& packets) {
  CallBuilder call;
  StreamBuilder& stream = call.format(Side::kCaller, sender.format).stream(Side::kCaller);
  for (const Rtp& packet : packets) stream.rtp(packet);
  Outcome outcome{.rendered = call.render(), .heard = {}};
  outcome.heard = listen(outcome.rendered, call.folder()).caller;
  return outcome;
}

}  // namespace

TEST_CASE("in any order and with any copies every codec gives the samples that it gives in order") {
  for (const Sender& sender : senders()) {
    CAPTURE(sender.format.encoding);
    const Outcome plain = render_sent(sender, in_order(sender));
    REQUIRE(plain.heard.size() >= sender.payloads.size() * sender.samples());
    for (unsigned seed = 1; seed <= kSeeds; ++seed) {
      CAPTURE(seed);
      std::mt19937 random(seed);
      const Outcome mixed = render_sent(sender, disordered(in_order(sender), random));
      CHECK(mixed.heard == plain.heard);
      CHECK(spans_of(mixed.rendered, SpanKind::kLoss).empty());
      CHECK(spans_of(mixed.rendered, SpanKind::kLate).empty());
      CHECK(mixed.rendered.streams[0].lost == 0);
      CHECK(mixed.rendered.streams[0].duplicates > 0);
      CHECK(mixed.rendered.streams[0].reordered > 0);
    }
  }
}

TEST_CASE("with losses, too, each packet that is left stands as it was sent, and silence beside") {
  for (const Sender& sender : senders()) {
    if (sender.has_memory) continue;
    CAPTURE(sender.format.encoding);
    const Samples plain = render_sent(sender, in_order(sender)).heard;
    for (unsigned seed = 1; seed <= kSeeds; ++seed) {
      CAPTURE(seed);
      std::mt19937 random(seed);
      Samples expected = plain;
      std::vector<Rtp> left = in_order(sender);
      double missing_s = 0;
      for (std::size_t n = left.size() - 2; n > 0; --n) {
        if (random() % 5 != 0) continue;
        left.erase(left.begin() + static_cast<std::ptrdiff_t>(n));
        const auto at = expected.begin() + static_cast<std::ptrdiff_t>(n * sender.samples());
        std::fill_n(at, sender.samples(), std::int16_t{0});
        missing_s += sender.packet_ms() / 1000;
      }
      const Outcome mixed = render_sent(sender, disordered(std::move(left), random));
      CHECK(mixed.heard == expected);
      double lost_s = 0;
      for (const Span& span : spans_of(mixed.rendered, SpanKind::kLoss)) {
        lost_s += span.to_s - span.from_s;
      }
      CHECK(lost_s == doctest::Approx(missing_s));
    }
  }
}
