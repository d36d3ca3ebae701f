#include "srtp_plan.h"

#include <fmt/format.h>

#include <span>

#include "call_plan.h"
#include "capture/base64.h"
#include "capture/frame.h"
#include "random.h"

namespace koegura::traffic {
namespace {

constexpr std::uint64_t kKeys = 7;  // a purpose of Random

void fill(Random& random, std::span<std::byte> bytes) {
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random.below(256));
}

// Offered, and never chosen.
const capture::SrtpSuiteFacts& other_than(const capture::SrtpSuiteFacts& suite) {
  using capture::SrtpSuite;
  return facts_of(suite.suite == SrtpSuite::kAesCm128HmacSha1Tag80
                      ? SrtpSuite::kAesCm128HmacSha1Tag32
                      : SrtpSuite::kAesCm128HmacSha1Tag80);
}

std::size_t secret_bytes(const capture::SrtpSuiteFacts& suite) {
  return std::size_t{suite.key_bytes} + suite.salt_bytes;
}

}  // namespace

void add_keys(std::uint64_t seed, std::uint32_t call, const KeyChange& change, SrtpPlan& plan) {
  if (plan.suite == nullptr) return;
  for (const Side side : kSides) {
    std::vector<PlannedKey>& keys = plan.keys[index_of(side)];
    Random random(seed, kKeys + 16 * keys.size(), call * 2ULL + index_of(side));
    PlannedKey next;
    next.from = side == change.offerer ? change.offerer_from : change.answerer_from;
    next.key.suite = plan.suite->suite;
    fill(random, std::span(next.key.key_and_salt).first(secret_bytes(*plan.suite)));
    std::array<std::byte, capture::kMaxSrtpKeyBytes> other{};
    const auto unused = std::span(other).first(secret_bytes(other_than(*plan.suite)));
    fill(random, unused);
    next.other = capture::to_base64(capture::as_text(unused));
    keys.push_back(std::move(next));
  }
}

std::string crypto_lines(const SrtpPlan& plan, Side side, std::uint8_t version, bool is_offer) {
  if (plan.suite == nullptr || !plan.tells_keys) return {};
  const PlannedKey& planned = plan.keys[index_of(side)][version];
  std::string lines;
  if (is_offer) {
    lines = fmt::format("a=crypto:1 {} inline:{}|2^31\r\n", other_than(*plan.suite).name,
                        planned.other);
  }
  const auto secret = std::span(planned.key.key_and_salt).first(secret_bytes(*plan.suite));
  return lines + fmt::format("a=crypto:2 {} inline:{}|2^31\r\n", plan.suite->name,
                             capture::to_base64(capture::as_text(secret)));
}

}  // namespace koegura::traffic
