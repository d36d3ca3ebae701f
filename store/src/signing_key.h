// Ed25519 keys (RFC 8032), by OpenSSL: the archive's own signs its ledger's heads. In PEM as
// `openssl genpkey -algorithm ed25519` writes it and `openssl pkeyutl -verify -rawin` reads it
// (RFC 8410), and in no other spelling: no byte of a key's file can differ.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "capture/error.h"

struct evp_pkey_st;

namespace koegura::store {

struct FreeKey {
  void operator()(evp_pkey_st* key) const;
};
using OpensslKey = std::unique_ptr<evp_pkey_st, FreeKey>;

using Signature = std::array<std::uint8_t, 64>;
using PublicKey = std::array<std::uint8_t, 32>;

class VerifyingKey {
 public:
  [[nodiscard]] static Result<VerifyingKey> from_pem(std::string_view pem);
  [[nodiscard]] bool verify(std::string_view message, std::string_view signature) const;
  [[nodiscard]] const PublicKey& bytes() const { return bytes_; }
  [[nodiscard]] std::string pem() const;

 private:
  friend class SigningKey;
  [[nodiscard]] static Result<VerifyingKey> from_bytes(std::string_view bytes);
  VerifyingKey(OpensslKey key, const PublicKey& bytes) : key_(std::move(key)), bytes_(bytes) {}
  OpensslKey key_;
  PublicKey bytes_;
};

class SigningKey {
 public:
  [[nodiscard]] static Result<SigningKey> generate();
  [[nodiscard]] static Result<SigningKey> from_pem(std::string_view pem);
  [[nodiscard]] Result<std::string> pem() const;  // secret
  [[nodiscard]] Result<VerifyingKey> public_half() const;
  [[nodiscard]] Result<Signature> sign(std::string_view message) const;

 private:
  explicit SigningKey(OpensslKey key) : key_(std::move(key)) {}
  OpensslKey key_;
};

}  // namespace koegura::store
