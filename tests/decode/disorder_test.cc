// Whatever the network does to the order of a stream's packets, how often it copies and which it
// loses: where a packet is left, the samples are the same.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

#include "codec.h"
#include "payload_builder.h"
#include "speech.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

namespace {

constexpr double kLongestDelay_ms = 3000;  // a packet is waited for 4 s
constexpr unsigned kSeeds = 6;

struct Sender {
  capture::MediaFormat format;
  std::vector<Octets> payloads;  // an empty one is not sent: silence goes on
  std::uint32_t ticks = 160;     // of a packet
  std::uint32_t rate = 8000;     // of the samples

  [[nodiscard]] double packet_ms() const { return 1000.0 * ticks / clock(); }
  [[nodiscard]] std::uint32_t clock() const {
    return format.encoding == "G722" ? 8000 : format.clock_rate;
  }
  [[nodiscard]] std::size_t samples() const { return std::size_t{ticks} * rate / clock(); }
};

Sender speaking(const capture::MediaFormat& format, const EncoderSettings& encoder,
                std::uint32_t ticks) {
  Sender sender{.format = format, .payloads = {}, .ticks = ticks, .rate = encoder.rate};
  Samples said = recording("switchboard.wav", encoder.rate);
  said.resize(5 * encoder.rate);
  for (EncodedPacket& packet : encode(encoder, said)) {
    sender.payloads.push_back(std::move(packet.bytes));
  }
  return sender;
}

std::vector<Octets> cut(const Octets& bytes, std::size_t size) {
  std::vector<Octets> parts;
  for (std::size_t at = 0; at + size <= bytes.size(); at += size) {
    parts.emplace_back(bytes.begin() + static_cast<long>(at),
                       bytes.begin() + static_cast<long>(at + size));
  }
  return parts;
}

Sender amr_sender(const Octets& file, bool wide) {
  const std::uint32_t rate = wide ? 16000 : 8000;
  Sender sender{.format = format(96, wide ? "AMR-WB" : "AMR", rate),
                .payloads = {},
                .ticks = rate / 50,
                .rate = rate};
  for (const Octets& frame : amr_frames(file, wide)) {
    const bool no_data = frame.size() == 1;
    sender.payloads.push_back(no_data ? Octets() : amr_payload(std::span(&frame, 1), false, wide));
  }
  return sender;
}

std::vector<Sender> senders() {
  std::vector<Sender> all = {speaking(format(0, "PCMU"), {"pcm_mulaw", 8000, 0, 160}, 160),
                             speaking(format(8, "PCMA"), {"pcm_alaw", 8000, 0, 80}, 80),
                             speaking(format(96, "L16", 16000), {"pcm_s16be", 16000, 0, 480}, 480),
                             speaking(format(9, "G722"), {"g722", 16000, 0, 320}, 160),
                             speaking(format(3, "GSM"), {"libgsm", 8000, 13200}, 160),
                             speaking(format(4, "G723"), {"g723_1", 8000, 6300}, 240),
                             speaking(format(97, "speex"), {"libspeex", 8000, 15000}, 160),
                             speaking(format(111, "opus", 48000), {"libopus", 48000, 32000}, 960)};
  all.push_back({.format = format(18, "G729"), .payloads = fixture("voice.g729", 10), .ticks = 80});
  all.push_back(
      {.format = format(18, "G729"), .payloads = annex_b_fixture("noise.g729"), .ticks = 80});
  all.push_back(amr_sender(fixture("voice.amr"), false));
  all.push_back(amr_sender(fixture("voice.amr-wb"), true));
  all.push_back(amr_sender(fixture("noise.amr"), false));
  all.push_back(
      {.format = format(97, "iLBC", 8000, "mode=20"), .payloads = random_frames(38, 200)});
  // One row of bits, whatever its encoder's packets are.
  Octets bits;
  for (const Octets& part :
       speaking(format(98, "G726-32"), {"g726le", 8000, 32000}, 160).payloads) {
    bits.insert(bits.end(), part.begin(), part.end());
  }
  all.push_back({.format = format(98, "G726-32"), .payloads = cut(bits, 80)});
  return all;
}

// Numbers and timestamps come round on the way.
Rtp packet_of(const Sender& sender, std::size_t n) {
  return {.at_ms = sender.packet_ms() * static_cast<double>(n),
          .timestamp = static_cast<std::uint32_t>(0xFFFFF000 + n * sender.ticks),
          .payload_type = sender.format.payload_type,
          .payload = sender.payloads[n]};
}

std::vector<Rtp> in_order(const Sender& sender) {
  std::vector<Rtp> packets;
  for (std::size_t n = 0; n < sender.payloads.size(); ++n) {
    if (sender.payloads[n].empty()) continue;
    packets.push_back(packet_of(sender, n));
    packets.back().sequence = static_cast<std::uint16_t>(0xFFC0 + packets.size());
  }
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

// Packets between others of the same kind: whose silence a lost descriptor would have begun nobody
// knows.
std::set<std::size_t> some_lost(const Sender& sender, std::mt19937& random) {
  std::set<std::size_t> lost;
  const std::size_t full = sender.payloads[0].size();
  const auto speaks = [&](std::size_t n) { return sender.payloads[n].size() * 2 > full; };
  for (std::size_t n = 1; n + 1 < sender.payloads.size(); ++n) {
    const bool amid = speaks(n - 1) && speaks(n) && speaks(n + 1);
    if (amid && random() % 5 == 0) lost.insert(n);
  }
  return lost;
}

// The codec's decoder alone, which gets what is left in order, and is asked for a guess of what is
// not. codec: as the record names it; from which end G.726 fills its bytes is judged by the
// packets, and at such losses now and then wrongly.
class Listener {
 public:
  Listener(const Sender& sender, const std::string& codec)
      : sender_(sender), codec_(*find_codec(codec)), decoder_(codec_.open(codec_, sender.format)) {}

  void hear(const Octets& payload) {
    frames_.clear();
    REQUIRE(codec_.depacketise(sender_.format, payload, frames_));
    for (const CodecFrame& frame : frames_.frames()) {
      if (!decoder_->decode(frame.bytes, samples_)) miss();
    }
    guessed_ = 0;
  }
  // 60 ms are guessed, no more.
  void guess() {
    const bool early = guessed_ + sender_.samples() <= sender_.rate * 60 / 1000;
    if (!early || !decoder_->conceal(sender_.samples(), {}, samples_)) return miss();
    guessed_ += sender_.samples();
    ++guesses_;
  }
  [[nodiscard]] std::span<const std::int16_t> samples() const { return samples_.samples(); }
  [[nodiscard]] std::size_t guesses() const { return guesses_; }

 private:
  void miss() {
    for (std::int16_t& sample : samples_.grow(sender_.samples())) sample = 0;
  }

  const Sender& sender_;
  const Codec& codec_;
  std::unique_ptr<Decoder> decoder_;
  FrameList frames_;
  SampleBuffer samples_;
  std::size_t guessed_ = 0;
  std::size_t guesses_ = 0;
};

double length_of(const RenderedCall& rendered, SpanKind kind) {
  double sum = 0;
  for (const Span& span : spans_of(rendered, kind)) sum += span.to_s - span.from_s;
  return sum;
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

TEST_CASE(
    "with losses, too, what is left is heard as its decoder gives it, a guess or silence beside") {
  for (const Sender& sender : senders()) {
    const bool pauses = std::any_of(sender.payloads.begin(), sender.payloads.end(),
                                    [](const Octets& payload) { return payload.empty(); });
    CAPTURE(sender.format.encoding);
    CAPTURE(pauses);
    for (unsigned seed = 1; seed <= kSeeds; ++seed) {
      CAPTURE(seed);
      std::mt19937 random(seed);
      const std::set<std::size_t> lost = some_lost(sender, random);
      REQUIRE(lost.size() > 5);
      std::vector<Rtp> left;
      for (Rtp& packet : in_order(sender)) {
        const auto n = static_cast<std::size_t>(std::llround(packet.at_ms / sender.packet_ms()));
        if (!lost.contains(n)) left.push_back(std::move(packet));
      }
      const Outcome mixed = render_sent(sender, disordered(left, random));
      const double lost_s = length_of(mixed.rendered, SpanKind::kLoss);
      const double guessed_s = length_of(mixed.rendered, SpanKind::kConcealed);
      const double packet_s = sender.packet_ms() / 1000;
      CHECK(lost_s + guessed_s == doctest::Approx(static_cast<double>(lost.size()) * packet_s));
      if (pauses) {  // there is noise in them: as in order, which other tests hold against decoders
        CHECK(mixed.heard == render_sent(sender, left).heard);
        continue;
      }
      Listener listener(sender, mixed.rendered.streams[0].codec);
      for (std::size_t n = 0; n < sender.payloads.size(); ++n) {
        lost.contains(n) ? listener.guess() : listener.hear(sender.payloads[n]);
      }
      const auto expected = listener.samples();
      REQUIRE(mixed.heard.size() >= expected.size());
      CHECK(std::equal(expected.begin(), expected.end(), mixed.heard.begin()));
      CHECK(guessed_s == doctest::Approx(static_cast<double>(listener.guesses()) * packet_s));
    }
  }
}
