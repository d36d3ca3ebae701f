// Any datagrams as a leg's signalling: masking keeps every length, touches nothing that is no
// payload but its checksum, and is done the first time. Input: datagram*, datagram = length (2,
// network order), bytes.
#include <algorithm>
#include <cstdlib>

#include "capture/digit_mask.h"

namespace {

using namespace koegura;
using namespace koegura::capture;

using Octets = std::vector<std::byte>;

void require(bool condition) {
  if (!condition) std::abort();
}

std::vector<Octets> datagrams(Bytes rest) {
  constexpr std::size_t kLength = 2;
  std::vector<Octets> packets;
  while (rest.size() >= kLength) {
    const auto said =
        std::to_integer<std::size_t>(rest[0]) << 8U | std::to_integer<std::size_t>(rest[1]);
    const Bytes bytes = rest.subspan(kLength, std::min(said, rest.size() - kLength));
    packets.emplace_back(bytes.begin(), bytes.end());
    rest = rest.subspan(kLength + bytes.size());
  }
  return packets;
}

std::vector<Octets> masked(std::vector<Octets> packets) {
  DigitMask mask;
  for (const Octets& packet : packets) mask.learn(Timestamp(), packet);
  mask.finish();
  for (Octets& packet : packets) mask.apply(Timestamp(), packet);
  return packets;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<Octets> before = datagrams(std::as_bytes(std::span(data, size)));
  const std::vector<Octets> after = masked(before);
  for (std::size_t i = 0; i < before.size(); ++i) {
    const auto packet = parse_ip(Timestamp(), before[i]);
    if (!packet) {
      require(after[i] == before[i]);
      continue;
    }
    const auto same = parse_ip(Timestamp(), after[i]);
    require(same && same->payload.size() == packet->payload.size());
    require(same->source == packet->source && same->destination == packet->destination);
  }
  return 0;
}
