#include "sample_hash.h"

#include <openssl/evp.h>

#include <bit>
#include <cstdlib>
#include <cstring>

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
  constexpr std::size_t kStep =
      8;  // a fixed length: what compilers vectorise without being asked to
  interleaved_.resize(2 * left.size());
  std::size_t i = 0;
  for (; i + kStep <= left.size(); i += kStep) {
    Sample step[2 * kStep];
    for (std::size_t k = 0; k < kStep; ++k) {
      step[2 * k] = left[i + k];
      step[2 * k + 1] = right[i + k];
    }
    std::memcpy(&interleaved_[2 * i], step, sizeof step);
  }
  for (; i < left.size(); ++i) {
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
