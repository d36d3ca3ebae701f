// symmetric_rss_key: the key that makes a card's hash put both directions of a flow on one queue.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace koegura::capture {

using RssKey = std::array<std::uint8_t, 64>;  // cards take the first 40 or 52

// The same 16 bits over and over: addresses and ports are shifted by multiples of that, so that
// swapping them does not change the Toeplitz hash (Woo, Park: Scalable TCP session monitoring with
// symmetric receive-side scaling, 2012).
constexpr RssKey symmetric_rss_key() {
  RssKey key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = i % 2 == 0 ? 0x6D : 0x5A;
  return key;
}

}  // namespace koegura::capture
