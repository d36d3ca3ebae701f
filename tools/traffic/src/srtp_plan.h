// SrtpPlan: the keys of one call (RFC 4568): which side seals with which key from when on, and how
// its session descriptions tell it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "capture/finished_call.h"
#include "capture/srtp_key.h"

namespace koegura::traffic {

// A side's key, as one version of its session description tells it.
struct PlannedKey {
  Timestamp from;  // packets sent from here on are sealed with it
  capture::SrtpKey key;
  std::string other;  // base64 of another suite's key that is offered beside it, and not chosen
};

struct SrtpPlan {
  const capture::SrtpSuiteFacts* suite = nullptr;  // null: plain RTP
  bool tells_keys = true;
  std::array<std::vector<PlannedKey>, 2> keys;  // by side; by version of the description
};

// New keys of both sides. `index` and `version` make them; the offerer seals with its own from
// `offerer_from` on, as it has to know the answer first.
struct KeyChange {
  capture::Side offerer = capture::Side::kCaller;
  Timestamp offerer_from;
  Timestamp answerer_from;
};
void add_keys(std::uint64_t seed, std::uint32_t call, const KeyChange& change, SrtpPlan& plan);

// The lines of a=crypto in this version of the side's description; none for plain RTP. An offer has
// two, of which the second one is answered.
[[nodiscard]] std::string crypto_lines(const SrtpPlan& plan, capture::Side side,
                                       std::uint8_t version, bool is_offer);

}  // namespace koegura::traffic
