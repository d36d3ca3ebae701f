// Lost packets of Opus: what the next packet says again, and what libopus makes up, each marked.
#include <doctest/doctest.h>
#include <opus/opus.h>

#include <set>

#include "speech.h"
#include "timeline_story.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

namespace {

constexpr std::uint8_t kOpus = 111;
constexpr std::size_t kRate = 48000;
constexpr std::size_t kFrame = kRate / 50;  // 20 ms

std::vector<Octets> encoded(bool fec, unsigned seconds = 4) {
  ::OpusEncoder* encoder = opus_encoder_create(kRate, 1, OPUS_APPLICATION_VOIP, nullptr);
  REQUIRE(encoder != nullptr);
  REQUIRE(opus_encoder_ctl(encoder, OPUS_SET_BITRATE(24000)) == OPUS_OK);
  REQUIRE(opus_encoder_ctl(encoder, OPUS_SET_BANDWIDTH(OPUS_BANDWIDTH_WIDEBAND)) == OPUS_OK);
  REQUIRE(opus_encoder_ctl(encoder, OPUS_SET_INBAND_FEC(fec ? 1 : 0)) == OPUS_OK);
  REQUIRE(opus_encoder_ctl(encoder, OPUS_SET_PACKET_LOSS_PERC(fec ? 20 : 0)) == OPUS_OK);
  const Samples voice = computed_voice(kRate, seconds);
  std::vector<Octets> packets;
  for (std::size_t at = 0; at + kFrame <= voice.size(); at += kFrame) {
    std::array<unsigned char, 1500> packet;
    const int size = opus_encode(encoder, voice.data() + at, kFrame, packet.data(), packet.size());
    REQUIRE(size > 0);
    const auto* bytes = reinterpret_cast<const std::byte*>(packet.data());
    packets.emplace_back(bytes, bytes + size);
  }
  opus_encoder_destroy(encoder);
  return packets;
}

void send(CallBuilder& call, const std::vector<Octets>& packets, const std::set<std::size_t>& lost,
          double speed = 1) {
  StreamBuilder& stream =
      call.format(Side::kCaller, format(kOpus, "opus", kRate)).stream(Side::kCaller);
  for (std::size_t i = 0; i < packets.size(); ++i) {
    if (lost.contains(i)) continue;
    stream.rtp({.at_ms = 20.0 * static_cast<double>(i) / speed,
                .sequence = static_cast<std::uint16_t>(i),
                .timestamp = static_cast<std::uint32_t>(i * kFrame),
                .payload_type = kOpus,
                .payload = packets[i]});
  }
}

// What libopus gives for the same, asked by hand. previous: by each packet that comes after a lost
// one.
Samples reference(const std::vector<Octets>& packets, const std::set<std::size_t>& lost, bool fec) {
  ::OpusDecoder* decoder = opus_decoder_create(kRate, 1, nullptr);
  Samples out;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const bool again = lost.contains(i) && fec && !lost.contains(i + 1);
    const Octets* packet = !lost.contains(i) ? &packets[i] : again ? &packets[i + 1] : nullptr;
    out.resize((i + 1) * kFrame);
    const auto* bytes =
        packet != nullptr ? reinterpret_cast<const unsigned char*>(packet->data()) : nullptr;
    const auto size = static_cast<opus_int32>(packet != nullptr ? packet->size() : 0);
    REQUIRE(opus_decode(decoder, bytes, size, out.data() + i * kFrame, kFrame, again ? 1 : 0) ==
            kFrame);
  }
  opus_decoder_destroy(decoder);
  return out;
}

}  // namespace

TEST_CASE("what the next packet says again stands as libopus reads it, and is marked as repaired") {
  const std::vector<Octets> packets = encoded(true);
  const std::set<std::size_t> lost = {20, 60, 61, 110};
  CallBuilder call;
  send(call, packets, lost);
  const RenderedCall rendered = call.render();
  CHECK(listen(rendered, call.folder()).caller == reference(packets, lost, true));
  const auto repaired = spans_of(rendered, SpanKind::kRepaired);
  REQUIRE(repaired.size() == 3);
  check_span(repaired, 0, 0.4, 0.42);
  check_span(repaired, 1, 1.22, 1.24);
  check_span(repaired, 2, 2.2, 2.22);
  const auto concealed = spans_of(rendered, SpanKind::kConcealed);
  REQUIRE(concealed.size() == 1);
  check_span(concealed, 0, 1.2, 1.22);
  CHECK(spans_of(rendered, SpanKind::kLoss).empty());
  CHECK(rendered.streams[0].lost == 4);
}

TEST_CASE("the same of a sender that is 2 % fast or slow, at the places of its own clock") {
  for (const double speed : {1.02, 0.98}) {
    const std::vector<Octets> packets = encoded(true, 8);
    const std::set<std::size_t> lost = {20, 160, 161, 310};
    CallBuilder call;
    send(call, packets, lost, speed);
    const RenderedCall rendered = call.render();
    const Samples heard = listen(rendered, call.folder()).caller;
    CAPTURE(speed);
    CHECK(rendered.streams[0].clock.corrected_ms != 0);
    const auto check = [&](const Span& span, double from_s, double to_s) {
      constexpr double kSample_s = 1.0 / kRate;
      CHECK(std::abs(span.from_s - from_s / speed) <= 2 * kSample_s);
      CHECK(std::abs(span.to_s - to_s / speed) <= 2 * kSample_s);
    };
    const auto repaired = spans_of(rendered, SpanKind::kRepaired);
    REQUIRE(repaired.size() == 3);
    check(repaired[0], 0.4, 0.42);
    check(repaired[1], 3.22, 3.24);
    check(repaired[2], 6.2, 6.22);
    const auto concealed = spans_of(rendered, SpanKind::kConcealed);
    REQUIRE(concealed.size() == 1);
    check(concealed[0], 3.2, 3.22);
    CHECK(spans_of(rendered, SpanKind::kLoss).empty());
    CHECK(spans_of(rendered, SpanKind::kDtx).empty());
    // Sample by sample it is libopus's sound, taken at the sender's speed: the band ends at 8 kHz
    // of 24, where a line between two samples says nearly all.
    const Samples expected = reference(packets, lost, true);
    double off = 0;
    double all = 0;
    for (std::size_t i = 0; i < heard.size(); ++i) {
      const double at = static_cast<double>(i) * speed;
      const auto whole = static_cast<std::size_t>(at);
      if (whole + 1 >= expected.size()) break;
      const double part = at - static_cast<double>(whole);
      const double wanted = expected[whole] * (1 - part) + expected[whole + 1] * part;
      off += (heard[i] - wanted) * (heard[i] - wanted);
      all += wanted * wanted;
    }
    CHECK(off < all / 1000);
  }
}

TEST_CASE("without FEC the decoder's guess is heard for 60 ms, marked, and then silence") {
  const std::vector<Octets> packets = encoded(false);
  std::set<std::size_t> lost = {20};
  for (std::size_t i = 60; i < 110; ++i) lost.insert(i);
  CallBuilder call;
  send(call, packets, lost);
  const RenderedCall rendered = call.render();
  const Samples heard = listen(rendered, call.folder()).caller;
  const Samples expected = reference(packets, lost, false);
  const auto same = [&](std::size_t from, std::size_t to) {
    const auto a = part(heard, from * kFrame, to * kFrame);
    const auto b = part(expected, from * kFrame, to * kFrame);
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  };
  CHECK(same(0, 63));
  CHECK(std::sqrt(mean_square(part(heard, 20 * kFrame, 21 * kFrame))) > 100);
  CHECK(is_silence(part(heard, 63 * kFrame, 110 * kFrame)));
  CHECK(std::sqrt(mean_square(part(heard, 115 * kFrame, 120 * kFrame))) > 100);
  const auto concealed = spans_of(rendered, SpanKind::kConcealed);
  REQUIRE(concealed.size() == 2);
  check_span(concealed, 0, 0.4, 0.42);
  check_span(concealed, 1, 1.2, 1.26);
  const auto loss = spans_of(rendered, SpanKind::kLoss);
  REQUIRE(loss.size() == 1);
  check_span(loss, 0, 1.26, 2.2);
  CHECK(spans_of(rendered, SpanKind::kRepaired).empty());
}

// FEC is of the frame before, and a packet may have several (RFC 6716 §3.2).
TEST_CASE(
    "of a lost packet of two frames the next one says the second again, the first is a guess") {
  const std::vector<Octets> frames = encoded(true);
  std::vector<Octets> packets;
  OpusRepacketizer* merger = opus_repacketizer_create();
  for (std::size_t i = 0; i < frames.size(); i += 2) {
    opus_repacketizer_init(merger);
    for (const std::size_t k : {i, i + 1}) {
      const auto* bytes = reinterpret_cast<const unsigned char*>(frames[k].data());
      REQUIRE(opus_repacketizer_cat(merger, bytes, static_cast<int>(frames[k].size())) == OPUS_OK);
    }
    Octets packet(3000);
    const int size = opus_repacketizer_out(merger, reinterpret_cast<unsigned char*>(packet.data()),
                                           static_cast<int>(packet.size()));
    REQUIRE(size > 0);
    packet.resize(static_cast<std::size_t>(size));
    packets.push_back(std::move(packet));
  }
  opus_repacketizer_destroy(merger);

  constexpr std::size_t kLost = 30;
  const Samples expected = reference(frames, {2 * kLost, 2 * kLost + 1}, true);
  CallBuilder call;
  StreamBuilder& stream =
      call.format(Side::kCaller, format(kOpus, "opus", kRate)).stream(Side::kCaller);
  for (std::size_t i = 0; i < packets.size(); ++i) {
    if (i == kLost) continue;
    stream.rtp({.at_ms = 40.0 * static_cast<double>(i),
                .sequence = static_cast<std::uint16_t>(i),
                .timestamp = static_cast<std::uint32_t>(i * 2 * kFrame),
                .payload_type = kOpus,
                .payload = packets[i]});
  }
  const RenderedCall rendered = call.render();
  CHECK(listen(rendered, call.folder()).caller == expected);
  const auto concealed = spans_of(rendered, SpanKind::kConcealed);
  REQUIRE(concealed.size() == 1);
  check_span(concealed, 0, 1.2, 1.22);
  const auto repaired = spans_of(rendered, SpanKind::kRepaired);
  REQUIRE(repaired.size() == 1);
  check_span(repaired, 0, 1.22, 1.24);
  CHECK(spans_of(rendered, SpanKind::kLoss).empty());
}

TEST_CASE("a pause that the sender made is no loss: nothing is made up") {
  const std::vector<Octets> packets = encoded(true);
  CallBuilder call;
  StreamBuilder& stream =
      call.format(Side::kCaller, format(kOpus, "opus", kRate)).stream(Side::kCaller);
  for (std::size_t i = 0; i < 100; ++i) {
    const std::size_t at = i < 50 ? i : i + 30;
    stream.rtp({.at_ms = 20.0 * static_cast<double>(at),
                .sequence = static_cast<std::uint16_t>(i),
                .timestamp = static_cast<std::uint32_t>(at * kFrame),
                .payload_type = kOpus,
                .payload = packets[i]});
  }
  const RenderedCall rendered = call.render();
  CHECK(is_silence(part(listen(rendered, call.folder()).caller, 50 * kFrame, 80 * kFrame)));
  CHECK(spans_of(rendered, SpanKind::kConcealed).empty());
  CHECK(spans_of(rendered, SpanKind::kRepaired).empty());
}
