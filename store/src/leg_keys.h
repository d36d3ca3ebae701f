// LegKeys: what other legs may have, too, by which those worth a comparison are found.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "leg_evidence.h"

namespace koegura::store {

template <class Key>
void keep_one_each(std::vector<Key>& keys) {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
}

// Each once, in order.
struct LegKeys {
  explicit LegKeys(const LegEvidence& leg);

  std::vector<std::uint32_t> hashes;
  std::vector<std::string> sessions;
  std::vector<std::uint64_t> streams;
  std::vector<std::string> named;  // Call-IDs of dialogs that it takes over or refers to
  std::vector<std::string> own;    // its Call-ID
};

}  // namespace koegura::store
