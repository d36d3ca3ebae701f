// Sealed calls for the tests of SRTP: a sender that seals by libsrtp2, as a telephone would, and
// the keys as signalling would have told them.
#pragma once

#include <srtp2/srtp.h>

#include <map>

#include "call_builder.h"
#include "capture/srtp_key.h"
#include "srtp_session.h"

namespace koegura::decode::test {

using capture::SrtpKey;
using capture::SrtpSuite;

inline constexpr SrtpSuite kAllSuites[] = {
    SrtpSuite::kAesCm128HmacSha1Tag80, SrtpSuite::kAesCm128HmacSha1Tag32,
    SrtpSuite::kAesCm192HmacSha1Tag80, SrtpSuite::kAesCm192HmacSha1Tag32,
    SrtpSuite::kAesCm256HmacSha1Tag80, SrtpSuite::kAesCm256HmacSha1Tag32,
    SrtpSuite::kAeadAes128Gcm,         SrtpSuite::kAeadAes256Gcm};

// Other bytes for each `which`.
inline SrtpKey key_of(SrtpSuite suite, unsigned which) {
  SrtpKey key;
  key.suite = suite;
  const capture::SrtpSuiteFacts& facts = capture::facts_of(suite);
  for (std::size_t i = 0; i < std::size_t{facts.key_bytes} + facts.salt_bytes; ++i) {
    key.key_and_salt[i] = static_cast<std::byte>(i * 7 + which * 31 + 1);
  }
  return key;
}

// One SSRC's sender.
class Sealer {
 public:
  Sealer(const SrtpKey& key, std::uint32_t ssrc, std::uint32_t rollovers = 0) : key_(key) {
    // By the code under test, as nobody else may: the library is up once it has made a session.
    static const bool up = SrtpSession::create(key, ssrc) != nullptr;
    REQUIRE(up);
    using Set = void (*)(srtp_crypto_policy_t*);
    static const std::map<SrtpSuite, Set> kSet = {
        {SrtpSuite::kAesCm128HmacSha1Tag80, srtp_crypto_policy_set_rtp_default},
        {SrtpSuite::kAesCm128HmacSha1Tag32, srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32},
        {SrtpSuite::kAesCm192HmacSha1Tag80, srtp_crypto_policy_set_aes_cm_192_hmac_sha1_80},
        {SrtpSuite::kAesCm192HmacSha1Tag32, srtp_crypto_policy_set_aes_cm_192_hmac_sha1_32},
        {SrtpSuite::kAesCm256HmacSha1Tag80, srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80},
        {SrtpSuite::kAesCm256HmacSha1Tag32, srtp_crypto_policy_set_aes_cm_256_hmac_sha1_32},
        {SrtpSuite::kAeadAes128Gcm, srtp_crypto_policy_set_aes_gcm_128_16_auth},
        {SrtpSuite::kAeadAes256Gcm, srtp_crypto_policy_set_aes_gcm_256_16_auth}};
    srtp_policy_t policy = {};
    kSet.at(key.suite)(&policy.rtp);
    kSet.at(key.suite)(&policy.rtcp);
    if (!key.encrypts) policy.rtp.sec_serv = sec_serv_auth;
    policy.ssrc = {ssrc_specific, ssrc};
    srtp_master_key_t master = {reinterpret_cast<unsigned char*>(key_.key_and_salt.data()),
                                reinterpret_cast<unsigned char*>(key_.mki.data()),
                                static_cast<unsigned>(key_.mki.size())};
    srtp_master_key_t* keys[] = {&master};
    policy.keys = keys;
    policy.num_master_keys = 1;
    policy.window_size = 0x4000;
    REQUIRE(srtp_create(&session_, &policy) == srtp_err_status_ok);
    if (rollovers > 0) {
      REQUIRE(srtp_set_stream_roc(session_, ssrc, rollovers) == srtp_err_status_ok);
    }
  }
  Sealer(const Sealer&) = delete;
  Sealer& operator=(const Sealer&) = delete;
  ~Sealer() { srtp_dealloc(session_); }

  [[nodiscard]] Octets seal(const Octets& rtp) {
    constexpr std::size_t kRoom = SRTP_MAX_TRAILER_LEN;
    Octets packet = rtp;
    packet.resize(rtp.size() + kRoom + 4);
    auto length = static_cast<int>(rtp.size());
    REQUIRE(srtp_protect_mki(session_, packet.data(), &length, key_.mki.empty() ? 0U : 1U, 0) ==
            srtp_err_status_ok);
    packet.resize(static_cast<std::size_t>(length));
    return packet;
  }

 private:
  SrtpKey key_;
  srtp_t session_ = nullptr;
};

// The n-th packet of 20 ms of a voice that never repeats itself.
inline Octets voice_packet(unsigned n) {
  Octets payload(160);
  for (unsigned i = 0; i < payload.size(); ++i) {
    payload[i] = static_cast<std::byte>((n * 37 + i * i * 3 + i) % 251);
  }
  return payload;
}

inline Octets rtp_packet(std::uint32_t ssrc, std::uint16_t sequence, std::uint32_t timestamp,
                         const Octets& payload) {
  capture::test::Writer out;
  out.u8(0x80).u8(0).u16(sequence).u32(timestamp).u32(ssrc).bytes(payload);
  return out.octets();
}

inline constexpr std::uint32_t kSsrc = 0x1234;

// A call of PCMU over RTP/SAVP from the caller, whose packets are sealed and told one by one.
class SealedCall {
 public:
  explicit SealedCall(std::uint16_t first_sequence = 0) : first_sequence_(first_sequence) {
    call_.format(Side::kCaller, format(0, "PCMU")).lasts_ms(0);
    call_.call().media[0].encrypted = true;
  }
  SealedCall& key(const SrtpKey& key, double since_ms = 0, Side side = Side::kCaller) {
    call_.call().srtp.keys.push_back({at_ms(since_ms), side, key});
    return *this;
  }
  // Packets from - to - 1 of the voice, each at its time.
  SealedCall& say(Sealer* sealer, unsigned from, unsigned to) {
    for (unsigned n = from; n < to; ++n) arrive(n * 20.0, sealed(sealer, n));
    return *this;
  }
  // sealer: null for plain RTP.
  [[nodiscard]] Octets sealed(Sealer* sealer, unsigned n) const {
    const Octets rtp = rtp_packet(kSsrc, static_cast<std::uint16_t>(first_sequence_ + n), n * 160,
                                  voice_packet(n));
    return sealer == nullptr ? rtp : sealer->seal(rtp);
  }
  SealedCall& arrive(double ms, const Octets& packet) {
    stream_.datagram(ms, packet);
    return *this;
  }
  [[nodiscard]] capture::FinishedCall& call() { return call_.call(); }
  [[nodiscard]] RenderedCall render(unsigned packets) {
    call_.lasts_ms(packets * 20.0);
    return call_.render();
  }
  [[nodiscard]] Samples heard(const RenderedCall& rendered) const {
    return listen(rendered, call_.folder()).caller;
  }

 private:
  CallBuilder call_;
  StreamBuilder& stream_ = call_.stream(Side::kCaller, kSsrc);
  std::uint16_t first_sequence_;
};

// What so many packets of the voice sound like, sent plain.
inline Samples plain_voice(unsigned packets) {
  SealedCall call;
  call.call().media[0].encrypted = false;
  call.say(nullptr, 0, packets);
  return call.heard(call.render(packets));
}

}  // namespace koegura::decode::test
