#include "sample_hash.h"

#include <openssl/evp.h>

#include <bit>
#include <cstdlib>

namespace koegura::decode {

static_assert(std::endian::native == std::endian::little,
              "samples are hashed as they lie in memory");

void SampleHash::Free::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

SampleHash::SampleHash() : context_(EVP_MD_CTX_new()) {
  // Fails only without memory or without SHA-256: neither leaves anything to go on with.
  if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) std::abort();
}

void SampleHash::update(std::span<const Sample> left, std::span<const Sample> right) {
  interleaved_.resize(2 * left.size());
  for (std::size_t i = 0; i < left.size(); ++i) {
    interleaved_[2 * i] = left[i];
    interleaved_[2 * i + 1] = right[i];
  }
  EVP_DigestUpdate(context_.get(), interleaved_.data(), interleaved_.size() * sizeof(Sample));
}

std::array<std::uint8_t, 32> SampleHash::finish() {
  std::array<std::uint8_t, 32> digest{};
  EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr);
  return digest;
}

}  // namespace koegura::decode
