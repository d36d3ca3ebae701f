#include "sha256.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "durable_file.h"

namespace koegura::store {

namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

// OpenSSL's one-shot functions look the algorithm up each time, which costs more than a node of a
// tree: one digest a thread is made once.
class Digest {
 public:
  Digest() : context_(EVP_MD_CTX_new()), algorithm_(EVP_MD_fetch(nullptr, "SHA256", nullptr)) {}
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;
  ~Digest() {
    EVP_MD_CTX_free(context_);
    EVP_MD_free(algorithm_);
  }
  void begin() { EVP_DigestInit_ex2(context_, algorithm_, nullptr); }
  void add(std::string_view bytes) { EVP_DigestUpdate(context_, bytes.data(), bytes.size()); }
  [[nodiscard]] Sha256 end() {
    Sha256 digest{};
    EVP_DigestFinal_ex(context_, digest.data(), nullptr);
    return digest;
  }

 private:
  EVP_MD_CTX* context_;
  EVP_MD* algorithm_;
};

Digest& begun_digest() {
  static thread_local Digest digest;
  digest.begin();
  return digest;
}

Result<Sha256> sha256_of_descriptor(int file, const std::string& path) {
  std::array<char, 64U << 10U> block;
  Digest& digest = begun_digest();
  while (true) {
    const ssize_t got = ::read(file, block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tl::make_unexpected(error_from_errno("reading " + path, errno));
    if (got == 0) return digest.end();
    digest.add({block.data(), static_cast<std::size_t>(got)});
  }
}

}  // namespace

Sha256 sha256(std::string_view bytes) {
  return sha256({bytes});
}

Sha256 sha256(std::initializer_list<std::string_view> parts) {
  Digest& digest = begun_digest();
  for (const std::string_view part : parts) digest.add(part);
  return digest.end();
}

Result<Sha256> sha256_of_file(const std::string& path, std::uint64_t from) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return tl::make_unexpected(error_from_errno("opening " + path, errno));
  if (from > 0 && ::lseek(file, static_cast<off_t>(from), SEEK_SET) < 0) {
    const int error = errno;
    ::close(file);
    return tl::make_unexpected(error_from_errno("reading " + path, error));
  }
  Result<Sha256> digest = sha256_of_descriptor(file, path);
  ::close(file);
  return digest;
}

std::string hex(std::span<const std::uint8_t> bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text.push_back(kHexDigits[byte >> 4U]);
    text.push_back(kHexDigits[byte & 0x0FU]);
  }
  return text;
}

std::optional<Sha256> sha256_in_hex(std::string_view text) {
  Sha256 digest{};
  if (text.size() != 2 * digest.size()) return std::nullopt;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const std::size_t high = kHexDigits.find(text[2 * i]);
    const std::size_t low = kHexDigits.find(text[2 * i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    digest[i] = static_cast<std::uint8_t>(high << 4U | low);
  }
  return digest;
}

}  // namespace koegura::store
