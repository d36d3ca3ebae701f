// RED (RFC 2198): any payload; its blocks lie within it, one behind the other, to its end.
#include "red.h"

#include <cstdint>
#include <cstdlib>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace koegura::decode;
  const Bytes input = std::as_bytes(std::span(data, size));
  RedPayload payload;
  if (!payload.read(input)) {
    if (!payload.repeated().empty()) std::abort();
    return 0;
  }
  std::size_t expected = size;
  expected -= payload.primary().payload.size();
  if (payload.primary().payload.data() + payload.primary().payload.size() != input.data() + size) {
    std::abort();
  }
  for (auto block = payload.repeated().rbegin(); block != payload.repeated().rend(); ++block) {
    expected -= block->payload.size();
    if (block->payload.data() != input.data() + expected) std::abort();
  }
  if (expected != payload.repeated().size() * 4 + 1) std::abort();
  return 0;
}
