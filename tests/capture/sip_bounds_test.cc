// What reading a message asks of memory is bounded, whatever is in it. Its time is measured in
// tests/bench/sip_bench.cc.

#include <doctest/doctest.h>

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <new>

#include "sip_heavy.h"

namespace {

// Of the heap, by operator new.
std::size_t held = 0;
std::size_t most_held = 0;

void give_back(void* memory) {
  if (memory != nullptr) held -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) {
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  held += malloc_usable_size(memory);
  most_held = std::max(most_held, held);
  return memory;
}
void operator delete(void* memory) noexcept {
  give_back(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
  give_back(memory);
}

namespace koegura::capture::test {
namespace {

// Twice the most that parse_sip may keep: headers grow by doubling.
constexpr std::size_t kMessageBytes = 4 * kMaxSipHeaders * sizeof(SipHeader);
// So with media lines, their formats and candidates, and the text of formats.
constexpr std::size_t kMediaBytes = 4 * (sizeof(SdpMedia) + kMaxSdpFormats * sizeof(MediaFormat) +
                                         kMaxSdpCandidates * sizeof(SdpCandidate));

// The most that was held while it was read.
std::size_t most_held_for(const std::string& text) {
  const std::size_t before = held;
  most_held = held;
  const std::size_t sum = read_whole(text);
  CHECK(sum > 0);
  CHECK(held == before);
  return most_held - before;
}

}  // namespace

TEST_CASE("a message costs memory up to a bound that its size does not move") {
  for (const HeavyShape& shape : kHeavyShapes) {
    CAPTURE(std::string(shape.name));
    const std::size_t at_64k = most_held_for(shape.make(64'000));
    const std::size_t at_1m = most_held_for(shape.make(1'000'000));
    CHECK(at_64k <= kMessageBytes + kMaxSdpMedia * kMediaBytes);
    CHECK(at_1m <= kMessageBytes + kMaxSdpMedia * kMediaBytes);
  }
}

TEST_CASE("small messages, a kilobyte at most, cost a few kilobytes") {
  for (const HeavyShape& shape : kHeavyShapes) {
    CAPTURE(std::string(shape.name));
    CHECK(most_held_for(shape.make(700)) <= 64'000);
  }
}

TEST_CASE("the text of formats is bounded, however often it is said") {
  std::string lines;
  for (int i = 0; i < 30; ++i) {
    lines += "m=audio 1 RTP/AVP 96 97 98\r\n" +
             repeated("a=fmtp:97 " + repeated("x", 2000) + "\r\n", 20'000);
  }
  CHECK(most_held_for(invite_with_sdp(lines)) <= kMessageBytes + kMaxSdpMedia * kMediaBytes);
}

TEST_CASE("each heavy message is read, or refused because it is too large") {
  std::size_t read = 0;
  for (const HeavyShape& shape : kHeavyShapes) {
    CAPTURE(std::string(shape.name));
    const std::string text = shape.make(16'000);
    const auto message = parse_sip(std::as_bytes(std::span(text)));
    if (message) {
      ++read;
      CHECK(message->headers.size() <= kMaxSipHeaders);
    } else {
      CHECK(message.error() == Defect::kSipTooLarge);
    }
  }
  CHECK(read >= 24);  // all but those with more fields than may be
}

}  // namespace koegura::capture::test
