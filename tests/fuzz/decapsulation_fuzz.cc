// Decapsulation, fragments and parse_ip on any frames, with the promise that every frame is counted
// once, in a packet, or waiting. Input: frame*, frame = link type (1 byte, index into kLinks),
// milliseconds since the one before (1), length (2, network order), bytes.
#include <cstdlib>

#include "capture/decapsulation.h"

namespace {

using namespace koegura;
using namespace koegura::capture;

constexpr LinkType kLinks[] = {LinkType::kEthernet, LinkType::kRaw,       LinkType::kNull,
                               LinkType::kLinuxSll, LinkType::kLinuxSll2, static_cast<LinkType>(7)};

// What the spool relies on: a packet reads back as itself.
void check(const Packet& packet) {
  const auto again = parse_ip(packet.time, packet.ip);
  if (!again) std::abort();
  if (again->ip.size() != packet.ip.size()) std::abort();
  if (again->payload.data() != packet.payload.data()) std::abort();
  if (again->payload.size() != packet.payload.size()) std::abort();
  if (again->transport != packet.transport) std::abort();
  if (!(again->source == packet.source && again->destination == packet.destination)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kHeaderSize = 4;
  Accounting accounting;
  const auto decapsulation = Decapsulation::create({.max_datagrams_in_reassembly = 4}, accounting);
  Bytes rest = std::as_bytes(std::span(data, size));
  Timestamp now = from_unix_ns(0);
  std::uint64_t in_packets = 0;
  while (rest.size() >= kHeaderSize) {
    const auto field = [&](std::size_t at) { return std::to_integer<std::size_t>(rest[at]); };
    const LinkType link = kLinks[field(0) % std::size(kLinks)];
    now += std::chrono::milliseconds(field(1) * 100);
    const std::size_t length = std::min(field(2) << 8U | field(3), rest.size() - kHeaderSize);
    const Frame frame{now, rest.subspan(kHeaderSize, length), 0, link, 0};
    rest = rest.subspan(kHeaderSize + length);
    ++accounting.received;
    Packet packet;
    if (decapsulation->on_frame(frame, packet)) {
      in_packets += packet.frames;
      check(packet);
    }
    decapsulation->advance(now);
    const std::uint64_t known = in_packets + accounting.accounted();
    if (known + decapsulation->waiting() != accounting.received) std::abort();
  }
  const DecapsulationStats& stats = decapsulation->stats();
  if (stats.vlan_tagged > accounting.received || stats.tunnelled > in_packets) std::abort();
  decapsulation->finish();
  if (in_packets + accounting.accounted() != accounting.received) std::abort();
  return 0;
}
