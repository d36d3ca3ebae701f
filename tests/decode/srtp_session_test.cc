// SrtpSession: packets of known keys.
#include "srtp_session.h"

#include <array>
#include <thread>

#include "srtp_story.h"

namespace koegura::decode::test {
namespace {

Octets from_hex(std::string_view text) {
  Octets bytes;
  for (std::size_t at = 0; at + 1 < text.size(); at += 2) {
    bytes.push_back(
        static_cast<std::byte>(std::stoi(std::string(text.substr(at, 2)), nullptr, 16)));
  }
  return bytes;
}

struct Reference {
  SrtpSuite suite;
  const char* key_and_salt;
  const char* sealed;  // behind the header
};

// One packet of the SSRC 0xcafebabe, whose payload is sixteen times 0xab, as libsrtp's own test
// driver has it sealed. The first key is that of RFC 3711 B.3.
constexpr std::array kReferences = {
    Reference{SrtpSuite::kAesCm128HmacSha1Tag80,
              "e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6",
              "4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb"},
    Reference{
        SrtpSuite::kAesCm256HmacSha1Tag80,
        "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b63b04803de51ee7c96423ab"
        "5b78d2",
        "f1d9de17ff251ff1aa007774b0b4b40da08d9d9a5b3a55d8873b"},
    Reference{SrtpSuite::kAeadAes128Gcm, "000102030405060708090a0b0c0d0e0fa0a1a2a3a4a5a6a7a8a9aaab",
              "c5002ede04cfdd2eb91159e0880aa06ed2976826f796b201df3131a127e8a392"}};
constexpr std::uint32_t kReferenceSsrc = 0xcafebabe;
constexpr const char* kReferenceHeader = "800f1234decafbadcafebabe";

SrtpKey key_from(const Reference& reference) {
  SrtpKey key;
  key.suite = reference.suite;
  const Octets bytes = from_hex(reference.key_and_salt);
  std::copy(bytes.begin(), bytes.end(), key.key_and_salt.begin());
  return key;
}

}  // namespace

TEST_CASE("reference packets open to the octet") {
  for (const Reference& reference : kReferences) {
    CAPTURE(reference.sealed);
    const auto session = SrtpSession::create(key_from(reference), kReferenceSsrc);
    REQUIRE(session);
    Octets packet = from_hex(std::string(kReferenceHeader) + reference.sealed);
    packet.resize(session->open(packet));
    CHECK(packet == from_hex(std::string(kReferenceHeader) + "abababababababababababababababab"));
  }
}

TEST_CASE("one bit, wherever it is, makes a packet unauthentic; the next good one opens") {
  for (const Reference& reference : kReferences) {
    const Octets good = from_hex(std::string(kReferenceHeader) + reference.sealed);
    const auto session = SrtpSession::create(key_from(reference), kReferenceSsrc);
    REQUIRE(session);
    for (std::size_t at = 1; at < good.size(); ++at) {
      Octets packet = good;
      packet[at] ^= std::byte{1};
      CAPTURE(at);
      CHECK(session->open(packet) == 0);
    }
    Octets packet = good;
    CHECK(session->open(packet) != 0);
  }
}

TEST_CASE("what is too short to be SRTP is refused") {
  const auto session = SrtpSession::create(key_from(kReferences[0]), kReferenceSsrc);
  REQUIRE(session);
  for (std::size_t size = 0; size < 22; ++size) {
    Octets packet = from_hex(std::string(kReferenceHeader) + kReferences[0].sealed);
    packet.resize(size);
    CHECK(session->open(packet) == 0);
  }
}

TEST_CASE("every suite opens what it sealed, in several threads at once") {
  constexpr unsigned kPackets = 200;
  const auto work = [](unsigned which) {
    unsigned wrong = 0;
    for (const SrtpSuite suite : kAllSuites) {
      const SrtpKey key = key_of(suite, which);
      Sealer sealer(key, which);
      const auto session = SrtpSession::create(key, which);
      for (unsigned n = 0; n < kPackets; ++n) {
        const auto number = static_cast<std::uint16_t>(65'500 + n);
        const Octets rtp = rtp_packet(which, number, n * 160, voice_packet(n));
        Octets packet = sealer.seal(rtp);
        if (packet.size() <= rtp.size()) ++wrong;
        packet.resize(session == nullptr ? 0 : session->open(packet));
        if (packet != rtp) ++wrong;
      }
    }
    return wrong;
  };
  // srtp_init is the library's only call that is for one thread: the first session of either makes
  // it.
  CHECK(work(1) == 0);
  std::array<unsigned, 3> wrong{};
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < wrong.size(); ++i) {
      threads.emplace_back([&wrong, &work, i] { wrong[i] = work(i + 2); });
    }
  }
  for (const unsigned count : wrong) CHECK(count == 0);
}

}  // namespace koegura::decode::test
