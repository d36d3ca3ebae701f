// PayloadSketch: a few payloads of a stream that stand for all of them. A relayed copy has the same
// payload bytes under other SSRCs, ports, numbers and timestamps: its sketch has the same entries,
// and two sketches share as many of them as their streams share payloads (bottom-k: Broder, "On the
// resemblance and containment of documents", 1997).
//
// For each window of 30 s on the capture's clock (floor(arrival / 30 s), so that the windows of all
// streams agree): of the payloads' distinct hashes the 16 smallest, of these the ones that came
// once, of these the 8 smallest. What comes back to the byte within half a minute (tones, a codec's
// silence, a short loop of music) is no voice, and many calls have it.
//
// Payloads with four values of a byte's low six bits or fewer (digital silence, a line's idle
// noise) are passed over as if they had not come.
//
// Order of the packets does not matter, as long as none is more than a window late.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <vector>

#include "capture/frame.h"
#include "decode/rendered_call.h"

namespace koegura::decode {

using capture::Bytes;

// The hash of a payload. Stored in archive files, so it never changes:
//
//   fold(a, b) = low 64 bits ^ high 64 bits of the 128-bit product a * b
//   x, y = P0, P1                      P0 … P3: the first 256 bits of pi's fraction
//   for each 32 bytes (the last ones filled up with zeros) as little-endian words w0 … w3:
//     x = fold(w0 ^ P2, w1 ^ x)
//     y = fold(w2 ^ P3, w3 ^ y)
//   high 32 bits of fold(fold(x ^ P0, y ^ P1) ^ length, P2)
//
// Two products at a time, as they depend on each other only every 32 bytes. It mixes well, and
// resists nobody: who wants equal hashes may as well send equal payloads.
[[nodiscard]] std::uint32_t payload_hash(Bytes payload);

class PayloadSketch {
 public:
  using Window = std::chrono::duration<std::int64_t, std::ratio<30>>;
  static constexpr std::size_t kEntries = 8;                 // a window
  static constexpr Duration kReach = std::chrono::hours(2);  // of the call

  explicit PayloadSketch(Timestamp call_start) : start_(call_start) {}

  void add(Timestamp arrival, Bytes payload) {
    if (arrival < from_ || arrival >= until_) {
      if (!open_window(arrival)) return;
    }
    const std::uint32_t hash = payload_hash(payload);
    if (hash <= windows_[open_].limit) consider(hash, arrival, payload);
  }

  // In order of time.
  [[nodiscard]] std::vector<SketchEntry> entries() const;

 private:
  static constexpr std::size_t kCandidates = 2 * kEntries;
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
  struct Candidate {
    SketchEntry entry;
    bool came_again = false;
  };
  struct WindowCandidates {
    std::int64_t number = kNever;
    std::uint32_t limit = std::numeric_limits<std::uint32_t>::max();
    std::size_t count = 0;
    std::array<Candidate, kCandidates> smallest{};  // in order of hash
  };

  // False: packets of this time have no window any more.
  bool open_window(Timestamp arrival);
  void consider(std::uint32_t hash, Timestamp arrival, Bytes payload);
  static void close(const WindowCandidates& window, std::vector<SketchEntry>& entries);

  Timestamp start_;
  Timestamp from_;  // the open window
  Timestamp until_;
  std::size_t open_ = 0;
  // The open one and a neighbour: where two windows meet, packets may change places.
  std::array<WindowCandidates, 2> windows_;
  std::uint32_t refused_ = 0;         // the latest payload that says nothing
  std::vector<SketchEntry> entries_;  // of the windows before
};

}  // namespace koegura::decode
