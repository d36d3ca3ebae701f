// SrtpKey: a master key of SRTP (RFC 3711) as a=crypto in a session description tells it (RFC
// 4568).
//
// Keys are secret: they go with the FinishedCall to whoever decrypts, and nowhere else. No log, no
// record and no message names one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace koegura::capture {

enum class SrtpSuite : std::uint8_t {
  kAesCm128HmacSha1Tag80,  // RFC 4568 §6.2
  kAesCm128HmacSha1Tag32,
  kAesCm192HmacSha1Tag80,  // RFC 6188
  kAesCm192HmacSha1Tag32,
  kAesCm256HmacSha1Tag80,
  kAesCm256HmacSha1Tag32,
  kAeadAes128Gcm,  // RFC 7714
  kAeadAes256Gcm,
};

struct SrtpSuiteFacts {
  SrtpSuite suite;
  std::string_view name;  // as IANA has it
  std::uint8_t key_bytes;
  std::uint8_t salt_bytes;
};

[[nodiscard]] const SrtpSuiteFacts& facts_of(SrtpSuite suite);
// By its name, in any case; "AES_CM_256_HMAC_SHA1_80" of an early draft means RFC 6188's. Null: not
// known, or not supported.
[[nodiscard]] const SrtpSuiteFacts* find_srtp_suite(std::string_view name);

inline constexpr std::size_t kMaxSrtpKeyBytes = 32 + 14;  // AES-256 and its salt
inline constexpr std::size_t kMaxSrtpMkiBytes = 128;      // RFC 4568 §6.1
inline constexpr std::size_t kMaxInlineKeys = 4;          // of a line; the rest is passed over

struct SrtpKey {
  SrtpSuite suite = SrtpSuite::kAesCm128HmacSha1Tag80;
  std::array<std::byte, kMaxSrtpKeyBytes> key_and_salt{};  // as long as the suite wants, then zeros
  std::vector<std::byte> mki;  // stands in every packet (RFC 3711 §3.1); may be empty
  bool encrypts = true;        // false: UNENCRYPTED_SRTP, the packets are authenticated only
  friend bool operator==(const SrtpKey&, const SrtpKey&) = default;
};

// Why a line gives no key.
enum class SrtpKeyDefect : std::uint8_t {
  kBadLine,
  kUnknownSuite,
  kBadKey,
  kBadLifetime,
  kBadMki,
  kUnauthenticated,
  kDerivationRate,
  kUnknownParameter,
};
[[nodiscard]] std::string_view sentence_of(SrtpKeyDefect defect);

// The value of one a=crypto: "1 AES_CM_128_HMAC_SHA1_80 inline:…|2^20|1:4 UNENCRYPTED_SRTCP".
struct SrtpCrypto {
  std::string suite;          // as written, at most 64 bytes
  std::vector<SrtpKey> keys;  // none if there is a defect
  std::optional<SrtpKeyDefect> defect;
};

[[nodiscard]] SrtpCrypto parse_crypto(std::string_view value);

}  // namespace koegura::capture
