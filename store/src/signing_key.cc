#include "signing_key.h"

#include <openssl/evp.h>

#include <algorithm>
#include <optional>

#include "capture/base64.h"

namespace koegura::store {

namespace {

using namespace std::string_view_literals;

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

// What stands around the 32 bytes of a key: the label, and the DER before them (RFC 8410 §4, §7).
struct KeyForm {
  std::string_view label;
  std::string_view der;
};
constexpr KeyForm kPublicForm{"PUBLIC KEY", "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"sv};
constexpr KeyForm kSecretForm{"PRIVATE KEY",
                              "\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20"sv};
constexpr std::size_t kKeyBytes = 32;

std::string pem_of(const KeyForm& form, std::string_view bytes) {
  const std::string label(form.label);
  return "-----BEGIN " + label + "-----\n" +
         capture::to_base64(std::string(form.der) + std::string(bytes)) + "\n-----END " + label +
         "-----\n";
}

// The 32 bytes, if it is what pem_of writes.
std::optional<std::string> bytes_in_pem(const KeyForm& form, std::string_view pem) {
  const std::size_t begin = std::min(pem.find('\n'), pem.size() - 1) + 1;
  const auto der = capture::from_strict_base64(pem.substr(begin, pem.find('\n', begin) - begin));
  if (!der || der->size() != form.der.size() + kKeyBytes) return std::nullopt;
  std::string bytes = der->substr(form.der.size());
  if (pem_of(form, bytes) != pem) return std::nullopt;
  return bytes;
}

const unsigned char* raw(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

std::string_view text_of(const PublicKey& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

void FreeKey::operator()(evp_pkey_st* key) const {
  EVP_PKEY_free(key);
}

Result<VerifyingKey> VerifyingKey::from_bytes(std::string_view bytes) {
  OpensslKey key(
      EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, raw(bytes), bytes.size()));
  if (!key) return failure("OpenSSL takes no such Ed25519 public key");
  PublicKey copy{};
  std::copy(bytes.begin(), bytes.end(), copy.begin());
  return VerifyingKey(std::move(key), copy);
}

Result<VerifyingKey> VerifyingKey::from_pem(std::string_view pem) {
  const std::optional<std::string> bytes = bytes_in_pem(kPublicForm, pem);
  if (!bytes) return failure("no Ed25519 public key in PEM, as OpenSSL writes it");
  return from_bytes(*bytes);
}

std::string VerifyingKey::pem() const {
  return pem_of(kPublicForm, text_of(bytes_));
}

bool VerifyingKey::verify(std::string_view message, std::string_view signature) const {
  const Context context(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
         EVP_DigestVerify(context.get(), raw(signature), signature.size(), raw(message),
                          message.size()) == 1;
}

Result<SigningKey> SigningKey::generate() {
  OpensslKey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (!key) return failure("OpenSSL makes no Ed25519 key");
  return SigningKey(std::move(key));
}

Result<SigningKey> SigningKey::from_pem(std::string_view pem) {
  const std::optional<std::string> bytes = bytes_in_pem(kSecretForm, pem);
  if (!bytes) return failure("no Ed25519 private key in PEM, as OpenSSL writes it");
  OpensslKey key(
      EVP_PKEY_new_raw_private_key_ex(nullptr, "ED25519", nullptr, raw(*bytes), bytes->size()));
  if (!key) return failure("OpenSSL takes no such Ed25519 private key");
  return SigningKey(std::move(key));
}

Result<std::string> SigningKey::pem() const {
  std::array<unsigned char, kKeyBytes> bytes{};
  std::size_t size = bytes.size();
  if (EVP_PKEY_get_raw_private_key(key_.get(), bytes.data(), &size) != 1) {
    return failure("OpenSSL does not give the private key");
  }
  return pem_of(kSecretForm, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Result<VerifyingKey> SigningKey::public_half() const {
  PublicKey bytes{};
  std::size_t size = bytes.size();
  if (EVP_PKEY_get_raw_public_key(key_.get(), bytes.data(), &size) != 1) {
    return failure("OpenSSL does not give the public key");
  }
  return VerifyingKey::from_bytes(text_of(bytes));
}

Result<Signature> SigningKey::sign(std::string_view message) const {
  const Context context(EVP_MD_CTX_new());
  Signature signature{};
  std::size_t size = signature.size();
  if (EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, raw(message), message.size()) != 1) {
    return failure("OpenSSL does not sign");
  }
  return signature;
}

}  // namespace koegura::store
