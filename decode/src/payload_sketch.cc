#include "payload_sketch.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace koegura::decode {
namespace {

static_assert(std::endian::native == std::endian::little,
              "payloads are hashed as words of their bytes in memory");

__extension__ using Product = unsigned __int128;

constexpr std::uint64_t kPi[] = {0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0,
                                 0x082EFA98EC4E6C89};
constexpr std::size_t kBlock = 32;

std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  const Product product = Product{a} * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

struct HashState {
  std::uint64_t x = kPi[0];
  std::uint64_t y = kPi[1];

  void mix(const std::byte* block) {
    std::uint64_t words[kBlock / sizeof(std::uint64_t)];
    std::memcpy(words, block, sizeof words);
    x = fold(words[0] ^ kPi[2], words[1] ^ x);
    y = fold(words[2] ^ kPi[3], words[3] ^ y);
  }
};

// Digital silence of G.711 is one value, the idle noise of a line two to four: their low six bits
// tell them apart, and find enough others in the first bytes of any speech.
bool says_something(Bytes payload) {
  constexpr int kFewValues = 4;
  std::uint64_t values = 0;
  while (!payload.empty()) {
    const Bytes part = payload.first(std::min(payload.size(), kBlock));
    for (const std::byte value : part) values |= 1ULL << (static_cast<unsigned>(value) & 63U);
    if (std::popcount(values) > kFewValues) return true;
    payload = payload.subspan(part.size());
  }
  return false;
}

}  // namespace

std::uint32_t payload_hash(Bytes payload) {
  const std::size_t length = payload.size();
  HashState state;
  for (; payload.size() >= kBlock; payload = payload.subspan(kBlock)) state.mix(payload.data());
  if (!payload.empty()) {
    std::array<std::byte, kBlock> last{};
    std::memcpy(last.data(), payload.data(), payload.size());
    state.mix(last.data());
  }
  const std::uint64_t joined = fold(state.x ^ kPi[0], state.y ^ kPi[1]);
  return static_cast<std::uint32_t>(fold(joined ^ length, kPi[2]) >> 32U);
}

bool PayloadSketch::open_window(Timestamp arrival) {
  if (arrival - start_ >= kReach) return false;
  const Window window = std::chrono::floor<Window>(arrival.time_since_epoch());
  const auto slot = static_cast<std::size_t>(window.count() & 1);
  WindowCandidates& candidates = windows_[slot];
  if (window.count() < candidates.number) return false;
  if (window.count() > candidates.number) {
    close(candidates, entries_);
    candidates = {.number = window.count()};
  }
  open_ = slot;
  from_ = Timestamp(window);
  until_ = std::min(Timestamp(window + Window(1)), start_ + kReach);
  return true;
}

void PayloadSketch::consider(std::uint32_t hash, Timestamp arrival, Bytes payload) {
  WindowCandidates& window = windows_[open_];
  const auto end = window.smallest.begin() + static_cast<std::ptrdiff_t>(window.count);
  const auto place = std::lower_bound(
      window.smallest.begin(), end, hash,
      [](const Candidate& candidate, std::uint32_t value) { return candidate.entry.hash < value; });
  if (place != end && place->entry.hash == hash) {
    place->came_again = true;
    return;
  }
  if (hash == refused_) return;
  if (!says_something(payload)) {
    refused_ = hash;
    return;
  }
  if (window.count < kCandidates) ++window.count;
  const auto last = window.smallest.begin() + static_cast<std::ptrdiff_t>(window.count) - 1;
  std::move_backward(place, last, last + 1);
  const auto at = std::chrono::floor<std::chrono::milliseconds>(arrival - start_).count();
  *place = {
      .entry = {.hash = hash, .at_ms = static_cast<std::uint32_t>(std::max<long long>(0, at))}};
  if (window.count == kCandidates) window.limit = last->entry.hash;
}

void PayloadSketch::close(const WindowCandidates& window, std::vector<SketchEntry>& entries) {
  std::size_t taken = 0;
  for (std::size_t i = 0; i < window.count && taken < kEntries; ++i) {
    if (window.smallest[i].came_again) continue;
    entries.push_back(window.smallest[i].entry);
    ++taken;
  }
}

std::vector<SketchEntry> PayloadSketch::entries() const {
  std::vector<SketchEntry> entries = entries_;
  for (const WindowCandidates& window : windows_) close(window, entries);
  std::sort(entries.begin(), entries.end(), [](const SketchEntry& a, const SketchEntry& b) {
    return a.at_ms != b.at_ms ? a.at_ms < b.at_ms : a.hash < b.hash;
  });
  return entries;
}

}  // namespace koegura::decode
