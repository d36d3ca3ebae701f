// parse_crypto and the keys of a call: a=crypto of RFC 4568, and what a leg keeps of it.
#include "capture/srtp_key.h"

#include "signalling_story.h"

namespace koegura::capture::test {
namespace {

// 30 octets: "0123456789abcdef0123456789abcd"
const std::string kKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNk";
const std::string kOtherKey = "ODEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNk";

std::string crypto(const std::string& value) {
  return "a=crypto:" + value + "\r\n";
}
std::string offer_of(const std::string& key) {
  return sdp("192.0.2.11", 4000, crypto("1 AES_CM_128_HMAC_SHA1_80 inline:" + key), "RTP/SAVP 0");
}
std::string answer_of(const std::string& key) {
  return sdp("192.0.2.12", 5000, crypto("1 AES_CM_128_HMAC_SHA1_80 inline:" + key), "RTP/SAVP 0");
}

std::string text_of(const SrtpKey& key, std::size_t count) {
  return {reinterpret_cast<const char*>(key.key_and_salt.data()), count};
}

}  // namespace

TEST_CASE("the example of RFC 4568: a key, its lifetime and its MKI") {
  const SrtpCrypto line = parse_crypto(
      "1 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR|2^20|1:32");
  REQUIRE(line.keys.size() == 1);
  CHECK_FALSE(line.defect);
  CHECK(line.suite == "AES_CM_128_HMAC_SHA1_80");
  CHECK(line.keys[0].suite == SrtpSuite::kAesCm128HmacSha1Tag80);
  CHECK(text_of(line.keys[0], 30) == "=-n@%^x!Bjufr9)?,#5h\\`=&]{qiPQ");
  REQUIRE(line.keys[0].mki.size() == 32);
  CHECK(line.keys[0].mki.back() == std::byte{1});
  CHECK(line.keys[0].mki.front() == std::byte{0});
  CHECK(line.keys[0].encrypts);
}

TEST_CASE("every suite has its name and its lengths") {
  struct Case {
    const char* name;
    SrtpSuite suite;
    std::size_t bytes;
  };
  const Case cases[] = {{"AES_CM_128_HMAC_SHA1_80", SrtpSuite::kAesCm128HmacSha1Tag80, 30},
                        {"aes_cm_128_hmac_sha1_32", SrtpSuite::kAesCm128HmacSha1Tag32, 30},
                        {"AES_192_CM_HMAC_SHA1_80", SrtpSuite::kAesCm192HmacSha1Tag80, 38},
                        {"AES_192_CM_HMAC_SHA1_32", SrtpSuite::kAesCm192HmacSha1Tag32, 38},
                        {"AES_256_CM_HMAC_SHA1_80", SrtpSuite::kAesCm256HmacSha1Tag80, 46},
                        {"AES_CM_256_HMAC_SHA1_80", SrtpSuite::kAesCm256HmacSha1Tag80, 46},
                        {"AES_256_CM_HMAC_SHA1_32", SrtpSuite::kAesCm256HmacSha1Tag32, 46},
                        {"AEAD_AES_128_GCM", SrtpSuite::kAeadAes128Gcm, 28},
                        {"AEAD_AES_256_GCM", SrtpSuite::kAeadAes256Gcm, 44}};
  for (const Case& c : cases) {
    CAPTURE(c.name);
    const SrtpSuiteFacts* const facts = find_srtp_suite(c.name);
    REQUIRE(facts != nullptr);
    CHECK(facts->suite == c.suite);
    CHECK(std::size_t{facts->key_bytes} + facts->salt_bytes == c.bytes);
    // Four characters for three bytes, and "=" for what is missing.
    const std::string base64(c.bytes / 3 * 4 + (c.bytes % 3 == 0 ? 0 : c.bytes % 3 + 1), 'Q');
    CHECK(parse_crypto(std::string("1 ") + c.name + " inline:" + base64).keys.size() == 1);
    CHECK(parse_crypto(std::string("1 ") + c.name + " inline:QQQQ" + base64).defect ==
          SrtpKeyDefect::kBadKey);
  }
}

TEST_CASE("several keys with their MKIs, and parameters that are of no concern") {
  const SrtpCrypto line = parse_crypto(
      "2 AES_CM_128_HMAC_SHA1_32 inline:" + kKey + "|2^20|1:4;inline:" + kOtherKey +
      "|1048576|258:2 FEC_ORDER=FEC_SRTP WSH=128 UNENCRYPTED_SRTCP -NEW=1 UNENCRYPTED_SRTP");
  REQUIRE_FALSE(line.defect);
  REQUIRE(line.keys.size() == 2);
  CHECK(line.keys[0].mki ==
        std::vector<std::byte>{std::byte{0}, std::byte{0}, std::byte{0}, std::byte{1}});
  CHECK(line.keys[1].mki == std::vector<std::byte>{std::byte{1}, std::byte{2}});
  CHECK(text_of(line.keys[1], 30) == "8123456789abcdef0123456789abcd");
  CHECK_FALSE(line.keys[0].encrypts);
  CHECK_FALSE(line.keys[1].encrypts);
}

TEST_CASE("what gives no key is refused by a named reason") {
  struct Case {
    std::string value;
    SrtpKeyDefect defect;
  };
  const std::string usual = "1 AES_CM_128_HMAC_SHA1_80 inline:";
  const Case cases[] = {{"", SrtpKeyDefect::kBadLine},
                        {"x AES_CM_128_HMAC_SHA1_80 inline:" + kKey, SrtpKeyDefect::kBadLine},
                        {"1 AES_CM_128_HMAC_SHA1_80", SrtpKeyDefect::kBadLine},
                        {"1 F8_128_HMAC_SHA1_80 inline:" + kKey, SrtpKeyDefect::kUnknownSuite},
                        {"1 NULL_HMAC_SHA1_80 inline:" + kKey, SrtpKeyDefect::kUnknownSuite},
                        {"1 AES_CM_128_HMAC_SHA1_80 uri:" + kKey, SrtpKeyDefect::kBadKey},
                        {usual, SrtpKeyDefect::kBadKey},
                        {usual + kKey + "QQ==", SrtpKeyDefect::kBadKey},
                        {usual + "%" + kKey.substr(1), SrtpKeyDefect::kBadKey},
                        {usual + kKey + "|2^x", SrtpKeyDefect::kBadLifetime},
                        {usual + kKey + "|-1", SrtpKeyDefect::kBadLifetime},
                        {usual + kKey + "|1:0", SrtpKeyDefect::kBadMki},
                        {usual + kKey + "|1:129", SrtpKeyDefect::kBadMki},
                        {usual + kKey + "|256:1", SrtpKeyDefect::kBadMki},
                        {usual + kKey + "|x:1", SrtpKeyDefect::kBadMki},
                        {usual + kKey + " UNAUTHENTICATED_SRTP", SrtpKeyDefect::kUnauthenticated},
                        {usual + kKey + " KDR=20", SrtpKeyDefect::kDerivationRate},
                        {usual + kKey + " NEW=1", SrtpKeyDefect::kUnknownParameter}};
  for (const Case& c : cases) {
    CAPTURE(c.value);
    const SrtpCrypto line = parse_crypto(c.value);
    CHECK(line.keys.empty());
    REQUIRE(line.defect);
    CHECK(*line.defect == c.defect);
    CHECK_FALSE(sentence_of(*line.defect).empty());
  }
}

TEST_CASE("a call has the key of each side from its description on, each once") {
  SipStory story;
  story.caller("INVITE", {.body = offer_of(kKey)})
      .caller("INVITE", {.hop = 2, .body = offer_of(kKey)})
      .time(3)
      .response(200, "OK", {.body = answer_of(kOtherKey)})
      .caller("ACK", {.in_dialog = true})
      .finish();
  const SrtpKeys& srtp = story.call().srtp;
  REQUIRE(srtp.keys.size() == 2);
  CHECK(srtp.keys[0].side == Side::kCaller);
  CHECK(srtp.keys[0].since == SipStory::at(0));
  CHECK(text_of(srtp.keys[0].key, 3) == "012");
  CHECK(srtp.keys[1].side == Side::kCallee);
  CHECK(srtp.keys[1].since == SipStory::at(3));
  CHECK(text_of(srtp.keys[1].key, 3) == "812");
  CHECK(srtp.refusals.empty());
  CHECK_FALSE(srtp.by_dtls);
}

TEST_CASE("forked answers and a re-INVITE add their keys") {
  const std::string third = "OTEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNk";
  SipStory story;
  story.caller("INVITE", {.body = offer_of(kKey)});
  story.response(183, "Session Progress", {.callee_tag = "one", .body = answer_of(kOtherKey)});
  story.time(2).response(200, "OK", {.callee_tag = "two", .body = answer_of(third)});
  story.caller("ACK", {.callee_tag = "two", .in_dialog = true});
  story.time(9).callee("INVITE", {.callee_tag = "two", .body = answer_of(kKey)});
  story.response(200, "OK", {.callee_tag = "two", .body = offer_of(third)}).finish();
  const SrtpKeys& srtp = story.call().srtp;
  REQUIRE(srtp.keys.size() == 5);
  CHECK(srtp.keys[2].side == Side::kCallee);
  CHECK(srtp.keys[2].since == SipStory::at(2));
  CHECK(srtp.keys[3].side == Side::kCallee);
  CHECK(srtp.keys[3].since == SipStory::at(9));
  CHECK(srtp.keys[4].side == Side::kCaller);
}

TEST_CASE("a leg has its share of keys; what is beyond is counted") {
  SipStory story;
  story.caller("INVITE", {.body = offer_of(kKey)}).response(200, "OK", {.body = answer_of(kKey)});
  story.caller("ACK", {.in_dialog = true});
  for (int i = 0; i < 80; ++i) {
    std::string key = kKey;
    key[0] = "ABCDEFGHIJKLMNOP"[i % 16];  // one of them is the first key again
    key[1] = "ABCDEFGHIJKLMNOP"[i / 16];
    story.time(10 + i).caller("INVITE", {.in_dialog = true, .body = offer_of(key)});
  }
  story.finish();
  CHECK(story.call().srtp.keys.size() == 64);
  CHECK(story.stats().leg_entries_refused == 17);
}

TEST_CASE("DTLS, and lines without a key, are remembered as the reason") {
  SipStory story;
  story
      .caller("INVITE", {.body = sdp("192.0.2.11", 4000,
                                     "a=fingerprint:sha-256 00\r\n" +
                                         crypto("1 F8_128_HMAC_SHA1_80 inline:" + kKey),
                                     "UDP/TLS/RTP/SAVP 0")})
      .finish();
  const SrtpKeys& srtp = story.call().srtp;
  CHECK(srtp.keys.empty());
  CHECK(srtp.by_dtls);
  REQUIRE(srtp.refusals.size() == 1);
  CHECK(srtp.refusals[0].suite == "F8_128_HMAC_SHA1_80");
  CHECK(srtp.refusals[0].defect == SrtpKeyDefect::kUnknownSuite);
}

}  // namespace koegura::capture::test
