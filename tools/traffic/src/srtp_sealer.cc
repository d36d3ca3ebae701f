#include "srtp_sealer.h"

#include <srtp2/srtp.h>

namespace koegura::traffic {
namespace {

using capture::SrtpSuite;

constexpr unsigned long kOutOfOrder = 0x4000;  // packets

struct SealingSuite {
  void (*set)(srtp_crypto_policy_t*);
  std::size_t trailer;  // the authentication tag
};

SealingSuite sealing(SrtpSuite suite) {
  constexpr std::size_t kTag80 = 10;
  constexpr std::size_t kTag32 = 4;
  constexpr std::size_t kTagGcm = 16;
  switch (suite) {
    case SrtpSuite::kAesCm128HmacSha1Tag80:
      return {srtp_crypto_policy_set_rtp_default, kTag80};
    case SrtpSuite::kAesCm128HmacSha1Tag32:
      return {srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32, kTag32};
    case SrtpSuite::kAesCm192HmacSha1Tag80:
      return {srtp_crypto_policy_set_aes_cm_192_hmac_sha1_80, kTag80};
    case SrtpSuite::kAesCm192HmacSha1Tag32:
      return {srtp_crypto_policy_set_aes_cm_192_hmac_sha1_32, kTag32};
    case SrtpSuite::kAesCm256HmacSha1Tag80:
      return {srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80, kTag80};
    case SrtpSuite::kAesCm256HmacSha1Tag32:
      return {srtp_crypto_policy_set_aes_cm_256_hmac_sha1_32, kTag32};
    case SrtpSuite::kAeadAes128Gcm:
      return {srtp_crypto_policy_set_aes_gcm_128_16_auth, kTagGcm};
    case SrtpSuite::kAeadAes256Gcm:
      return {srtp_crypto_policy_set_aes_gcm_256_16_auth, kTagGcm};
  }
  return {};
}

srtp_t open_session(const capture::SrtpKey& key, std::uint32_t ssrc) {
  capture::SrtpKey secret = key;  // libsrtp2 does not say const
  srtp_policy_t policy = {};
  sealing(key.suite).set(&policy.rtp);
  sealing(key.suite).set(&policy.rtcp);
  policy.ssrc = {ssrc_specific, ssrc};
  policy.key = reinterpret_cast<unsigned char*>(secret.key_and_salt.data());
  policy.window_size = kOutOfOrder;
  policy.allow_repeat_tx = 1;
  srtp_t session = nullptr;
  return srtp_create(&session, &policy) == srtp_err_status_ok ? session : nullptr;
}

}  // namespace

void SrtpSealer::Free::operator()(srtp_ctx_t_* session) const {
  srtp_dealloc(session);
}

SrtpSealer::SrtpSealer(const capture::SrtpKey& key, std::uint32_t ssrc) {
  // It fails where another user of the library in this process was first; then the next line works.
  static const srtp_err_status_t initialised = srtp_init();
  static_cast<void>(initialised);
  // Debian's libsrtp2 loads NSS with the first session and unloads it with the last, in 8 ms.
  static const std::unique_ptr<srtp_ctx_t_, Free> kept_open(open_session({}, 0));
  if (kept_open != nullptr) session_.reset(open_session(key, ssrc));
}

std::size_t SrtpSealer::trailer_of(SrtpSuite suite) {
  return sealing(suite).trailer;
}

bool SrtpSealer::seal(std::byte* packet, std::size_t size) {
  auto length = static_cast<int>(size);
  return session_ != nullptr && srtp_protect(session_.get(), packet, &length) == srtp_err_status_ok;
}

}  // namespace koegura::traffic
