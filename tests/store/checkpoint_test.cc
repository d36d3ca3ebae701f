// Heads: signed, read back, and refused once any byte of them is another.
#include "checkpoint.h"

#include <doctest/doctest.h>

#include <string>

#include "capture/base64.h"

namespace koegura::store {
namespace {

// RFC 8410 §10.3, a key known to everyone.
constexpr std::string_view kSecretPem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
    "-----END PRIVATE KEY-----\n";
constexpr std::string_view kPublicPem =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
    "-----END PUBLIC KEY-----\n";

struct Keys {
  SigningKey secret;
  VerifyingKey shown;
};

Keys known_keys() {
  auto secret = SigningKey::from_pem(kSecretPem);
  auto shown = VerifyingKey::from_pem(kPublicPem);
  REQUIRE(secret);
  REQUIRE(shown);
  return {std::move(*secret), std::move(*shown)};
}

Checkpoint checkpoint_of(const Keys& keys) {
  return {.origin = origin_of(keys.shown), .tree = {.size = 20852, .root = sha256("the root")}};
}

TEST_CASE("a key is written as it was read, and its public half is known") {
  const Keys keys = known_keys();
  CHECK(keys.secret.pem() == std::string(kSecretPem));
  CHECK(keys.secret.public_half()->pem() == kPublicPem);
  CHECK(keys.shown.pem() == kPublicPem);
}

TEST_CASE("what is no Ed25519 key, or not written as one, is refused") {
  CHECK_FALSE(SigningKey::from_pem(""));
  CHECK_FALSE(SigningKey::from_pem(kPublicPem));
  CHECK_FALSE(VerifyingKey::from_pem(kSecretPem));
  CHECK_FALSE(VerifyingKey::from_pem(std::string(kPublicPem) + "\n"));
  for (std::size_t size = 0; size < kPublicPem.size(); ++size) {
    CHECK_FALSE(VerifyingKey::from_pem(kPublicPem.substr(0, size)));
  }
}

TEST_CASE("two new keys are two") {
  const auto one = SigningKey::generate();
  const auto other = SigningKey::generate();
  REQUIRE(one);
  REQUIRE(other);
  CHECK(*one->pem() != *other->pem());
  CHECK(one->public_half()->pem() != other->public_half()->pem());
}

TEST_CASE("a checkpoint has its three lines, and the signature's") {
  const Keys keys = known_keys();
  const auto note = sign_checkpoint(checkpoint_of(keys), keys.secret);
  REQUIRE(note);
  const std::string text = origin_of(keys.shown) + "\n20852\n" +
                           capture::to_base64(bytes_of(sha256("the root"))) + "\n\n\u2014 " +
                           origin_of(keys.shown) + " ";
  CHECK(note->starts_with(text));
  const auto read = verify_checkpoint(*note, keys.shown);
  REQUIRE(read);
  CHECK(read->origin == origin_of(keys.shown));
  CHECK(read->tree == checkpoint_of(keys).tree);
}

TEST_CASE("one bit of a checkpoint flipped anywhere, and it is not signed") {
  const Keys keys = known_keys();
  const std::string note = *sign_checkpoint(checkpoint_of(keys), keys.secret);
  for (std::size_t at = 0; at < note.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string changed = note;
      changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ 1U << bit);
      CAPTURE(at);
      REQUIRE_FALSE(verify_checkpoint(changed, keys.shown));
    }
    REQUIRE_FALSE(verify_checkpoint(note.substr(0, at), keys.shown));
  }
}

TEST_CASE("another's signature beside ours is passed over, alone it is none") {
  const Keys keys = known_keys();
  const std::string note = *sign_checkpoint(checkpoint_of(keys), keys.secret);
  const std::string other = "\u2014 witness.example " + capture::to_base64("0123456789") + "\n";
  CHECK(verify_checkpoint(note + other, keys.shown));
  CHECK_FALSE(verify_checkpoint(note.substr(0, note.find("\n\n") + 2) + other, keys.shown));
}

TEST_CASE("a head of another key is refused, though it is signed") {
  const Keys keys = known_keys();
  const auto other = SigningKey::generate();
  REQUIRE(other);
  const auto shown = other->public_half();
  REQUIRE(shown);
  const auto note = sign_checkpoint({origin_of(*shown), {}}, *other);
  REQUIRE(note);
  CHECK(verify_checkpoint(*note, *shown));
  const auto refused = verify_checkpoint(*note, keys.shown);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kVerification);
}

}  // namespace
}  // namespace koegura::store
