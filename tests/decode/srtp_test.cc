// Rendering calls over SRTP: what is opened sounds as if it had been sent plain, and what is not
// says why.
#include "srtp_story.h"

namespace koegura::decode::test {
namespace {

constexpr SrtpSuite kUsual = SrtpSuite::kAesCm128HmacSha1Tag80;
constexpr unsigned kPackets = 100;

}  // namespace

TEST_CASE("every suite: the samples are those of the same voice sent plain") {
  const Samples plain = plain_voice(kPackets);
  for (const SrtpSuite suite : kAllSuites) {
    const std::string name(capture::facts_of(suite).name);
    CAPTURE(name);
    const SrtpKey key = key_of(suite, 1);
    Sealer sealer(key, kSsrc);
    SealedCall call;
    const RenderedCall rendered = call.key(key).say(&sealer, 0, kPackets).render(kPackets);
    CHECK(call.heard(rendered) == plain);
    const RenderedStream& stream = rendered.streams.at(0);
    CHECK(stream.srtp_suite == name);
    CHECK_FALSE(stream.encrypted);
    CHECK(stream.unauthenticated == 0);
    CHECK(stream.lossless);
    CHECK(stream.rendered);
    CHECK(stream.mos > 4);
    CHECK(rendered.silent_because.empty());
    CHECK(spans_of(rendered, SpanKind::kUndecodable).empty());
  }
}

TEST_CASE("MKIs and packets that are only authenticated are read, too") {
  const Samples plain = plain_voice(kPackets);
  SrtpKey key = key_of(kUsual, 1);
  SUBCASE("an MKI of four bytes") {
    key.mki = {std::byte{0}, std::byte{0}, std::byte{0}, std::byte{7}};
  }
  SUBCASE("an MKI with GCM") {
    key = key_of(SrtpSuite::kAeadAes128Gcm, 1);
    key.mki = {std::byte{9}};
  }
  SUBCASE("UNENCRYPTED_SRTP") {
    key.encrypts = false;
  }
  Sealer sealer(key, kSsrc);
  SealedCall call;
  CHECK(call.heard(call.key(key).say(&sealer, 0, kPackets).render(kPackets)) == plain);
}

TEST_CASE("the sequence number rolls over, with packets out of order on both sides of it") {
  const Samples plain = plain_voice(kPackets);
  const SrtpKey key = key_of(kUsual, 1);
  Sealer sealer(key, kSsrc);
  SealedCall call(65'536 - 50);
  call.key(key);
  std::vector<Octets> packets;
  for (unsigned n = 0; n < kPackets; ++n) packets.push_back(call.sealed(&sealer, n));
  std::swap(packets[49], packets[50]);
  std::swap(packets[51], packets[48]);
  for (unsigned n = 0; n < kPackets; ++n) {
    call.arrive(n * 20.0, packets[n]);
    if (n == 60) call.arrive(n * 20.0 + 1, packets[n]);  // a copy that capture let through
  }
  const RenderedCall rendered = call.render(kPackets);
  CHECK(call.heard(rendered) == plain);
  CHECK(rendered.streams[0].unauthenticated == 0);
  CHECK(rendered.streams[0].duplicates == 1);
}

TEST_CASE("a capture that began within the call finds how often the number had rolled over") {
  const Samples plain = plain_voice(kPackets);
  for (const std::uint32_t rollovers : {1U, 5U, 66U}) {
    CAPTURE(rollovers);
    const SrtpKey key = key_of(kUsual, 1);
    Sealer sealer(key, kSsrc, rollovers);
    SealedCall call(65'536 - 50);
    // The key is told by a later re-INVITE.
    const RenderedCall rendered = call.key(key, 1500).say(&sealer, 0, kPackets).render(kPackets);
    CHECK(call.heard(rendered) == plain);
  }
}

TEST_CASE("a re-INVITE brings a new key: late packets are opened by the old one") {
  const Samples plain = plain_voice(kPackets);
  const SrtpKey first = key_of(kUsual, 1);
  const SrtpKey second = key_of(SrtpSuite::kAeadAes256Gcm, 2);
  std::uint32_t kept_rollovers = 0;
  SUBCASE("which counts rollovers anew") {}
  SUBCASE("which goes on counting") {
    kept_rollovers = 1;
  }
  Sealer old_sealer(first, kSsrc);
  Sealer new_sealer(second, kSsrc, kept_rollovers);
  SealedCall call(kept_rollovers == 0 ? 100 : 65'536 - 20);
  call.key(first).key(second, 1000);
  call.say(&old_sealer, 0, 48);
  const Octets late = call.sealed(&old_sealer, 48);
  call.say(&old_sealer, 49, 52);  // slow to follow
  call.say(&new_sealer, 52, 55).arrive(55 * 20.0, late).say(&new_sealer, 55, kPackets);
  const RenderedCall rendered = call.render(kPackets);
  CHECK(call.heard(rendered) == plain);
  CHECK(rendered.streams[0].srtp_suite == "AEAD_AES_256_GCM");
  CHECK(rendered.streams[0].unauthenticated == 0);
}

TEST_CASE(
    "a sender that begins its numbers and its rollovers anew under the same key is followed") {
  const SrtpKey key = key_of(kUsual, 1);
  Sealer before(key, kSsrc, 2);
  Sealer after(key, kSsrc);
  SealedCall call(40'000);
  call.key(key).say(&before, 0, 50);
  for (unsigned n = 50; n < kPackets; ++n) {
    const auto number = static_cast<std::uint16_t>(n - 40);
    call.arrive(n * 20.0, after.seal(rtp_packet(kSsrc, number, n * 160, voice_packet(n))));
  }
  const RenderedCall rendered = call.render(kPackets);
  CHECK(call.heard(rendered) == plain_voice(kPackets));
  CHECK(rendered.streams[0].unauthenticated == 0);
}

TEST_CASE("each answer of a fork has a key of its own, and each stream is opened by its") {
  const SrtpKey keys[] = {key_of(kUsual, 1), key_of(SrtpSuite::kAesCm256HmacSha1Tag32, 2)};
  CallBuilder call;
  call.format(Side::kCallee, format(0, "PCMU")).lasts_ms(kPackets * 20);
  call.call().media[0].encrypted = true;
  for (std::uint32_t which : {0U, 1U}) {
    call.call().srtp.keys.push_back({at_ms(which * 10.0), Side::kCallee, keys[which]});
    Sealer sealer(keys[which], which);
    StreamBuilder& stream = call.stream(Side::kCallee, which);
    // One phone's announcement, then the other's voice.
    for (unsigned n = which * 50; n < which * 50 + 50; ++n) {
      const auto number = static_cast<std::uint16_t>(n);
      stream.datagram(n * 20.0, sealer.seal(rtp_packet(which, number, n * 160, voice_packet(n))));
    }
  }
  const RenderedCall rendered = call.render();
  CHECK(rendered.streams[0].srtp_suite == "AES_CM_128_HMAC_SHA1_80");
  CHECK(rendered.streams[1].srtp_suite == "AES_256_CM_HMAC_SHA1_32");
  CHECK(listen(rendered, call.folder()).callee == plain_voice(kPackets));
}

TEST_CASE("the other side's key opens nothing") {
  const SrtpKey key = key_of(kUsual, 1);
  Sealer sealer(key, kSsrc);
  SealedCall call;
  const RenderedCall rendered =
      call.key(key, 0, Side::kCallee).say(&sealer, 0, kPackets).render(kPackets);
  CHECK(rendered.streams[0].encrypted);
  CHECK(rendered.silent_because == "SRTP: the key is not in the signalling");
}

TEST_CASE("without its key a call is silent, its packets are kept, and it says why") {
  Sealer sealer(key_of(kUsual, 1), kSsrc);
  SealedCall call;
  std::string why;
  SUBCASE("no a=crypto at all") {
    why = "SRTP: the key is not in the signalling";
  }
  SUBCASE("DTLS-SRTP") {
    call.call().srtp.by_dtls = true;
    why = "SRTP: the key was agreed on by DTLS, and is not in the signalling";
  }
  SUBCASE("a suite that is not supported") {
    call.call().srtp.refusals.push_back(
        {Side::kCaller, capture::SrtpKeyDefect::kUnknownSuite, "F8_128_HMAC_SHA1_80"});
    why = "SRTP: F8_128_HMAC_SHA1_80: the suite is not supported";
  }
  SUBCASE("a suite that is not supported was chosen among others") {
    call.key(key_of(kUsual, 2));
    call.call().srtp.refusals.push_back(
        {Side::kCallee, capture::SrtpKeyDefect::kUnknownSuite, "F8_128_HMAC_SHA1_80"});
    why = "SRTP: F8_128_HMAC_SHA1_80: the suite is not supported";
  }
  SUBCASE("another key") {
    for (unsigned which = 2; which < 10; ++which) call.key(key_of(kUsual, which));
    why = "SRTP: no key of the signalling opens it";
  }
  const RenderedCall rendered = call.say(&sealer, 0, kPackets).render(kPackets);
  CHECK(rendered.silent_because == why);
  const RenderedStream& stream = rendered.streams.at(0);
  CHECK(stream.encrypted);
  CHECK(stream.srtp_suite.empty());
  CHECK(stream.unauthenticated == 0);
  CHECK_FALSE(stream.lossless);
  CHECK_FALSE(stream.rendered);
  CHECK(stream.codec == "PCMU");
  CHECK(stream.mos == 0);
  const auto spans = spans_of(rendered, SpanKind::kUndecodable);
  REQUIRE(spans.size() == 1);
  CHECK(spans[0].note == why);
  CHECK(spans[0].to_s - spans[0].from_s == doctest::Approx(kPackets * 0.02));
}

TEST_CASE("a damaged packet is counted, kept and silent; all others are heard") {
  Samples wanted = plain_voice(kPackets);
  std::fill_n(wanted.begin() + 40 * 160, 160, std::int16_t{0});
  const SrtpKey key = key_of(kUsual, 1);
  Sealer sealer(key, kSsrc);
  SealedCall call;
  call.key(key).say(&sealer, 0, 40);
  Octets damaged = call.sealed(&sealer, 40);
  damaged[100] ^= std::byte{4};
  const RenderedCall rendered =
      call.arrive(40 * 20.0, damaged).say(&sealer, 41, kPackets).render(kPackets);
  CHECK(call.heard(rendered) == wanted);
  const RenderedStream& stream = rendered.streams.at(0);
  CHECK(stream.unauthenticated == 1);
  CHECK_FALSE(stream.encrypted);
  CHECK_FALSE(stream.lossless);  // so the store attaches its packets
  CHECK(spans_of(rendered, SpanKind::kUndecodable).size() == 1);
}

TEST_CASE("the profile RTP/AVP with a=crypto: plain or sealed, as the packets are (RFC 8643)") {
  const SrtpKey key = key_of(kUsual, 1);
  Sealer sealer(key, kSsrc);
  SealedCall call;
  call.call().media[0].encrypted = false;
  bool is_sealed = false;
  SUBCASE("sealed") {
    is_sealed = true;
  }
  SUBCASE("plain") {}
  const RenderedCall rendered =
      call.key(key).say(is_sealed ? &sealer : nullptr, 0, kPackets).render(kPackets);
  CHECK(call.heard(rendered) == plain_voice(kPackets));
  CHECK(rendered.streams[0].srtp_suite.empty() == !is_sealed);
  CHECK(rendered.streams[0].unauthenticated == 0);
}

}  // namespace koegura::decode::test
