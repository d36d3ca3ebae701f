#include "srtp_session.h"

#include <srtp2/srtp.h>

namespace koegura::decode {
namespace {

using capture::SrtpKey;
using capture::SrtpSuite;

// So many packets may have been overtaken by one; libsrtp2 takes up to 0x8000.
constexpr unsigned long kReplayWindow = 0x4000;

void set_suite(SrtpSuite suite, srtp_crypto_policy_t& policy) {
  switch (suite) {
    case SrtpSuite::kAesCm128HmacSha1Tag80:
      return srtp_crypto_policy_set_rtp_default(&policy);
    case SrtpSuite::kAesCm128HmacSha1Tag32:
      return srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&policy);
    case SrtpSuite::kAesCm192HmacSha1Tag80:
      return srtp_crypto_policy_set_aes_cm_192_hmac_sha1_80(&policy);
    case SrtpSuite::kAesCm192HmacSha1Tag32:
      return srtp_crypto_policy_set_aes_cm_192_hmac_sha1_32(&policy);
    case SrtpSuite::kAesCm256HmacSha1Tag80:
      return srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80(&policy);
    case SrtpSuite::kAesCm256HmacSha1Tag32:
      return srtp_crypto_policy_set_aes_cm_256_hmac_sha1_32(&policy);
    case SrtpSuite::kAeadAes128Gcm:
      return srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy);
    case SrtpSuite::kAeadAes256Gcm:
      return srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy);
  }
}

// The policies keep the caller's memory: libsrtp2 copies what it needs, but does not say const.
srtp_t create_session(const SrtpKey& key, std::uint32_t ssrc) {
  SrtpKey secret = key;
  srtp_policy_t policy = {};
  set_suite(key.suite, policy.rtp);
  set_suite(key.suite, policy.rtcp);
  if (!key.encrypts) policy.rtp.sec_serv = sec_serv_auth;
  policy.ssrc = {ssrc_specific, ssrc};
  srtp_master_key_t master = {reinterpret_cast<unsigned char*>(secret.key_and_salt.data()),
                              reinterpret_cast<unsigned char*>(secret.mki.data()),
                              static_cast<unsigned>(secret.mki.size())};
  srtp_master_key_t* keys[] = {&master};
  if (secret.mki.empty()) {
    policy.key = master.key;
  } else {
    policy.keys = keys;
    policy.num_master_keys = 1;
  }
  policy.window_size = kReplayWindow;
  srtp_t session = nullptr;
  return srtp_create(&session, &policy) == srtp_err_status_ok ? session : nullptr;
}

// srtp_init is once for the process: it fails where another user of the library was first. Where
// libsrtp2 is built on NSS, as Debian's is, NSS loads its modules with the first session and
// unloads them with the last: a session kept open spares each call 8 ms.
class SrtpLibrary {
 public:
  SrtpLibrary() {
    static_cast<void>(srtp_init());
    kept_open_ = create_session(SrtpKey{}, 0);
  }
  SrtpLibrary(const SrtpLibrary&) = delete;
  SrtpLibrary& operator=(const SrtpLibrary&) = delete;
  ~SrtpLibrary() {
    if (kept_open_ != nullptr) srtp_dealloc(kept_open_);
  }
  [[nodiscard]] bool is_up() const { return kept_open_ != nullptr; }

 private:
  srtp_t kept_open_ = nullptr;
};

bool library_is_up() {
  static const SrtpLibrary library;
  return library.is_up();
}

}  // namespace

void SrtpSession::Free::operator()(srtp_ctx_t_* session) const {
  srtp_dealloc(session);
}

std::unique_ptr<SrtpSession> SrtpSession::create(const SrtpKey& key, std::uint32_t ssrc) {
  if (!library_is_up()) return nullptr;
  const srtp_t session = create_session(key, ssrc);
  if (session == nullptr) return nullptr;
  return std::unique_ptr<SrtpSession>(new SrtpSession(session, ssrc, !key.mki.empty()));
}

std::size_t SrtpSession::open(std::span<std::byte> packet) {
  auto length = static_cast<int>(packet.size());
  const srtp_err_status_t status =
      srtp_unprotect_mki(session_.get(), packet.data(), &length, has_mki_ ? 1U : 0U);
  return status == srtp_err_status_ok && length > 0 ? static_cast<std::size_t>(length) : 0;
}

void SrtpSession::assume_rollovers(std::uint32_t rollovers) {
  // Fails for an SSRC that the session does not have alone.
  static_cast<void>(srtp_set_stream_roc(session_.get(), ssrc_, rollovers));
}

}  // namespace koegura::decode
