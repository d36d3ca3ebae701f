// RTP padding (RFC 3550 §5.1): no part of the voice, and sealed with it by SRTP (RFC 3711 §3.1).
#include <array>

#include "srtp_story.h"
#include "timeline_story.h"

namespace koegura::decode::test {
namespace {

constexpr unsigned kPackets = 100;

// An RTP packet with so many bytes behind its payload, the last of which says `told`.
Octets padded(Octets rtp, std::size_t padding, unsigned told) {
  rtp[0] |= std::byte{0x20};
  rtp.resize(rtp.size() + padding);
  rtp.back() = static_cast<std::byte>(told);
  return rtp;
}

Octets wire(const Rtp& packet) {
  Octets rtp = rtp_packet(kSsrc, packet.sequence, packet.timestamp, packet.payload);
  rtp[1] = static_cast<std::byte>(packet.payload_type);
  return rtp;
}

bool fits(const Octets& packet) {
  const auto last = static_cast<std::size_t>(packet.back());
  return last != 0 && last <= packet.size() - capture::kRtpHeaderSize;
}

// The voice of plain_voice, each packet padded and sealed.
SealedCall& say_padded(SealedCall& call, Sealer& sealer, unsigned& misfits) {
  for (unsigned n = 0; n < kPackets; ++n) {
    const Octets sealed = sealer.seal(padded(call.sealed(nullptr, n), 1 + n % 40, 1 + n % 40));
    if (!fits(sealed)) ++misfits;
    call.arrive(n * 20.0, sealed);
  }
  return call;
}

}  // namespace

TEST_CASE(
    "every suite seals padding: it is taken off after that, and the samples are the voice's") {
  const Samples plain = plain_voice(kPackets);
  for (const SrtpSuite suite : kAllSuites) {
    CAPTURE(std::string(capture::facts_of(suite).name));
    const SrtpKey key = key_of(suite, 1);
    Sealer sealer(key, kSsrc);
    SealedCall call;
    unsigned misfits = 0;
    const RenderedCall rendered = say_padded(call.key(key), sealer, misfits).render(kPackets);
    CHECK(misfits > 10);  // so that it matters
    CHECK(call.heard(rendered) == plain);
    const RenderedStream& stream = rendered.streams.at(0);
    CHECK(stream.lossless);
    CHECK(stream.unauthenticated == 0);
    CHECK(stream.lost == 0);
    CHECK(spans_of(rendered, SpanKind::kUndecodable).empty());
  }
}

TEST_CASE("without the key every packet stands as sealed, none as lost") {
  Sealer sealer(key_of(SrtpSuite::kAesCm128HmacSha1Tag80, 1), kSsrc);
  SealedCall call;
  unsigned misfits = 0;
  const RenderedCall rendered = say_padded(call, sealer, misfits).render(kPackets);
  CHECK(misfits > 10);
  CHECK(rendered.silent_because == "SRTP: the key is not in the signalling");
  CHECK(rendered.streams.at(0).lost == 0);
  CHECK_FALSE(rendered.streams.at(0).lossless);
  const auto spans = spans_of(rendered, SpanKind::kUndecodable);
  REQUIRE(spans.size() == 1);
  CHECK(spans[0].to_s - spans[0].from_s == doctest::Approx(kPackets * 0.02));
}

TEST_CASE("plain padding is no part of the voice") {
  CallBuilder call;
  StreamBuilder& stream = call.stream(Side::kCaller, kSsrc);
  for (unsigned i = 0; i < kPackets; ++i) {
    stream.datagram(i * 20.0, padded(wire(packet(i)), 1 + i, 1 + i));
  }
  const RenderedCall rendered = call.lasts_ms(kPackets * 20).render();
  CHECK(is_voice(listen(rendered, call.folder()).caller, 0));
  CHECK(rendered.streams.at(0).lossless);
}

TEST_CASE(
    "a packet whose padding does not fit is undecodable, not lost: it is kept, and moves no "
    "other") {
  for (const unsigned told : {0U, 161U, 255U}) {
    CAPTURE(told);
    CallBuilder call;
    StreamBuilder& stream = call.stream(Side::kCaller, kSsrc);
    for (unsigned i = 0; i < kPackets; ++i) {
      // Late by its jitter: arrival does not say where it stands.
      const double at = i * 20.0 + (i == 50 ? 15 : 0);
      const Octets rtp = wire(packet(i));
      stream.datagram(at, i == 50 ? padded(rtp, 0, told) : rtp);
    }
    const RenderedCall rendered = call.lasts_ms(kPackets * 20).render();
    const Samples heard = listen(rendered, call.folder()).caller;
    CHECK(is_voice(part(heard, 0, 8000), 0));
    CHECK(is_silence(part(heard, 8000, 8160)));
    CHECK(is_voice(part(heard, 8160, 16000), 8160));
    const auto spans = spans_of(rendered, SpanKind::kUndecodable);
    check_span(spans, 0, 1.0, 1.02);
    CHECK(spans.at(0).note == "RTP padding that does not fit its packet");
    const RenderedStream& summary = rendered.streams.at(0);
    CHECK(summary.lost == 0);
    CHECK_FALSE(summary.lossless);  // so the store attaches its packets
    CHECK(spans_of(rendered, SpanKind::kLoss).empty());
  }
}

TEST_CASE("an event whose padding does not fit tells no digit, comfort noise no level") {
  CallBuilder call;
  call.format(Side::kCaller, format(0, "PCMU"))
      .format(Side::kCaller, format(101, "telephone-event"));
  StreamBuilder& stream = call.stream(Side::kCaller, kSsrc);
  for (unsigned i = 0; i < 50; ++i) stream.datagram(i * 20.0, wire(packet(i)));
  Rtp event = packet(50);
  event.payload_type = 101;
  event.payload = {std::byte{5}, std::byte{0x8A}, std::byte{0}, std::byte{160}};
  SUBCASE("with padding") {
    stream.datagram(1000, padded(wire(event), 4, 4));
    CHECK(call.render().digits.size() == 1);
  }
  SUBCASE("with what is none") {
    stream.datagram(1000, padded(wire(event), 4, 9));
    const RenderedCall rendered = call.render();
    CHECK(rendered.digits.empty());
    CHECK_FALSE(rendered.streams.at(0).lossless);
  }
  SUBCASE("comfort noise") {
    event.payload_type = 13;
    event.payload = {std::byte{30}};
    stream.datagram(1000, padded(wire(event), 1, 200));
    Rtp speech = packet(100);
    speech.sequence = static_cast<std::uint16_t>(speech.sequence - 49);
    stream.datagram(2000, wire(speech));
    const RenderedCall rendered = call.render();
    CHECK(is_silence(part(listen(rendered, call.folder()).caller, 8000, 16000)));
  }
}

}  // namespace koegura::decode::test
