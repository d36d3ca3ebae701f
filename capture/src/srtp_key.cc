#include "capture/srtp_key.h"

#include <algorithm>
#include <cstring>

#include "capture/base64.h"
#include "sip_grammar.h"

namespace koegura::capture {
namespace {

constexpr std::size_t kMaxSuiteName = 64;

constexpr std::uint8_t kCmSalt = 14;   // RFC 3711 §8.2
constexpr std::uint8_t kGcmSalt = 12;  // RFC 7714 §8.1

// By SrtpSuite.
constexpr std::array<SrtpSuiteFacts, 8> kSuites = {{
    {SrtpSuite::kAesCm128HmacSha1Tag80, "AES_CM_128_HMAC_SHA1_80", 16, kCmSalt},
    {SrtpSuite::kAesCm128HmacSha1Tag32, "AES_CM_128_HMAC_SHA1_32", 16, kCmSalt},
    {SrtpSuite::kAesCm192HmacSha1Tag80, "AES_192_CM_HMAC_SHA1_80", 24, kCmSalt},
    {SrtpSuite::kAesCm192HmacSha1Tag32, "AES_192_CM_HMAC_SHA1_32", 24, kCmSalt},
    {SrtpSuite::kAesCm256HmacSha1Tag80, "AES_256_CM_HMAC_SHA1_80", 32, kCmSalt},
    {SrtpSuite::kAesCm256HmacSha1Tag32, "AES_256_CM_HMAC_SHA1_32", 32, kCmSalt},
    {SrtpSuite::kAeadAes128Gcm, "AEAD_AES_128_GCM", 16, kGcmSalt},
    {SrtpSuite::kAeadAes256Gcm, "AEAD_AES_256_GCM", 32, kGcmSalt},
}};

struct OtherName {
  std::string_view name;
  SrtpSuite suite;
};
constexpr std::array kOtherNames = {
    OtherName{"AES_CM_192_HMAC_SHA1_80", SrtpSuite::kAesCm192HmacSha1Tag80},
    OtherName{"AES_CM_192_HMAC_SHA1_32", SrtpSuite::kAesCm192HmacSha1Tag32},
    OtherName{"AES_CM_256_HMAC_SHA1_80", SrtpSuite::kAesCm256HmacSha1Tag80},
    OtherName{"AES_CM_256_HMAC_SHA1_32", SrtpSuite::kAesCm256HmacSha1Tag32}};

// "2^31" or a number of packets (RFC 4568 §6.1). It is the sender's affair; only its form is read.
bool is_lifetime(std::string_view text) {
  if (text.starts_with("2^")) text.remove_prefix(2);
  return decimal<std::uint64_t>(text).has_value();
}

// "<value>:<length>": the value as a big-endian number of so many bytes.
std::optional<std::vector<std::byte>> read_mki(std::string_view text) {
  const auto value = decimal<std::uint64_t>(split_off(text, ':'));
  const auto length = decimal<std::uint32_t>(text);
  if (!value || !length || *length == 0 || *length > kMaxSrtpMkiBytes) return std::nullopt;
  std::vector<std::byte> mki(*length);
  std::uint64_t rest = *value;
  for (auto byte = mki.rbegin(); byte != mki.rend(); ++byte, rest >>= 8U) {
    *byte = static_cast<std::byte>(rest & 0xFFU);
  }
  if (rest != 0) return std::nullopt;
  return mki;
}

// inline:<key||salt>["|"lifetime]["|"MKI:length]
std::optional<SrtpKeyDefect> read_inline(std::string_view text, const SrtpSuiteFacts& suite,
                                         SrtpKey& key) {
  constexpr std::string_view kInline = "inline:";
  if (!istarts_with(text, kInline)) return SrtpKeyDefect::kBadKey;
  text.remove_prefix(kInline.size());
  const auto secret = from_base64(split_off(text, '|'));
  const std::size_t wanted = std::size_t{suite.key_bytes} + suite.salt_bytes;
  if (!secret || secret->size() != wanted) return SrtpKeyDefect::kBadKey;
  key.suite = suite.suite;
  std::memcpy(key.key_and_salt.data(), secret->data(), wanted);
  while (!text.empty()) {
    const std::string_view part = split_off(text, '|');
    if (part.find(':') == std::string_view::npos) {
      if (!is_lifetime(part)) return SrtpKeyDefect::kBadLifetime;
      continue;
    }
    auto mki = read_mki(part);
    if (!mki) return SrtpKeyDefect::kBadMki;
    key.mki = std::move(*mki);
  }
  return std::nullopt;
}

// What a passive listener must know of the session parameters (RFC 4568 §6.3). Of a parameter that
// is not known a leading "-" says that it may be ignored.
std::optional<SrtpKeyDefect> read_parameter(std::string_view word, bool& encrypts) {
  constexpr std::array<std::string_view, 4> kOfNoConcern = {"UNENCRYPTED_SRTCP",
                                                            "FEC_ORDER=", "FEC_KEY=", "WSH="};
  if (iequals(word, "UNENCRYPTED_SRTP")) {
    encrypts = false;
    return std::nullopt;
  }
  if (iequals(word, "UNAUTHENTICATED_SRTP")) return SrtpKeyDefect::kUnauthenticated;
  if (istarts_with(word, "KDR=")) return SrtpKeyDefect::kDerivationRate;
  const bool known = std::any_of(kOfNoConcern.begin(), kOfNoConcern.end(),
                                 [&](std::string_view name) { return istarts_with(word, name); });
  if (known || word.starts_with("-")) return std::nullopt;
  return SrtpKeyDefect::kUnknownParameter;
}

std::optional<SrtpKeyDefect> read_keys(std::string_view text, const SrtpSuiteFacts& suite,
                                       std::vector<SrtpKey>& keys) {
  while (!text.empty() && keys.size() < kMaxInlineKeys) {
    SrtpKey key;
    if (const auto defect = read_inline(split_off(text, ';'), suite, key)) return defect;
    keys.push_back(std::move(key));
  }
  return std::nullopt;
}

}  // namespace

const SrtpSuiteFacts& facts_of(SrtpSuite suite) {
  return kSuites[static_cast<std::size_t>(suite)];
}

const SrtpSuiteFacts* find_srtp_suite(std::string_view name) {
  for (const SrtpSuiteFacts& facts : kSuites) {
    if (iequals(facts.name, name)) return &facts;
  }
  for (const OtherName& other : kOtherNames) {
    if (iequals(other.name, name)) return &facts_of(other.suite);
  }
  return nullptr;
}

std::string_view sentence_of(SrtpKeyDefect defect) {
  switch (defect) {
    case SrtpKeyDefect::kBadLine:
      return "a=crypto has no tag, suite and key";
    case SrtpKeyDefect::kUnknownSuite:
      return "the suite is not supported";
    case SrtpKeyDefect::kBadKey:
      return "the key is not as long as the suite wants, or no base64";
    case SrtpKeyDefect::kBadLifetime:
      return "the key's lifetime is no number";
    case SrtpKeyDefect::kBadMki:
      return "the MKI is no number of 1 to 128 bytes";
    case SrtpKeyDefect::kUnauthenticated:
      return "UNAUTHENTICATED_SRTP: nothing would tell a right key from a wrong one";
    case SrtpKeyDefect::kDerivationRate:
      return "a key derivation rate is not supported";
    case SrtpKeyDefect::kUnknownParameter:
      return "a session parameter is not known";
  }
  return "";
}

SrtpCrypto parse_crypto(std::string_view value) {
  SrtpCrypto line;
  const auto tag = decimal<std::uint32_t>(next_word(value));
  line.suite = next_word(value).substr(0, kMaxSuiteName);
  const std::string_view keys = next_word(value);
  if (!tag || keys.empty()) {
    line.defect = SrtpKeyDefect::kBadLine;
    return line;
  }
  const SrtpSuiteFacts* suite = find_srtp_suite(line.suite);
  line.defect =
      suite == nullptr ? SrtpKeyDefect::kUnknownSuite : read_keys(keys, *suite, line.keys);
  bool encrypts = true;
  while (!line.defect) {
    const std::string_view word = next_word(value);
    if (word.empty()) break;
    line.defect = read_parameter(word, encrypts);
  }
  for (SrtpKey& key : line.keys) key.encrypts = encrypts;
  if (line.defect) line.keys.clear();
  return line;
}

}  // namespace koegura::capture
