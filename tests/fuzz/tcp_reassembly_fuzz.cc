// TCP reassembly on any segments of two directions, with the promise that every frame is counted
// once. Input: segment*, segment = flags (1 byte; the top bit is the direction, the next two one of
// four connections), 100 ms since the one before (1), sequence (2, signed, from the direction's
// start), length (2, network order), payload.
#include <cstdlib>

#include "capture/tcp_reassembly.h"

namespace {

using namespace koegura;
using namespace koegura::capture;

class Sink final : public TcpMessageSink {
 public:
  void on_tcp_message(Timestamp, const Endpoint&, const Endpoint&, Bytes message,
                      std::span<const TcpSegment> segments) override {
    if (message.empty() || segments.empty()) std::abort();
    std::size_t carried = 0;
    for (const TcpSegment& segment : segments) carried += segment.ip.size();
    if (carried < message.size()) std::abort();
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kHeaderSize = 6;
  constexpr std::uint32_t kStart = 0xFFFFFF00;  // soon wraps
  Accounting accounting;
  Sink sink;
  const auto reassembly = TcpReassembly::create(
      {.max_connections = 2, .max_message_bytes = 2048, .max_buffered_bytes = 6000}, accounting,
      sink);
  Bytes rest = std::as_bytes(std::span(data, size));
  Packet packet;
  packet.transport = Transport::kTcp;
  while (rest.size() >= kHeaderSize) {
    const auto field = [&](std::size_t at) { return std::to_integer<std::uint32_t>(rest[at]); };
    const bool back = (field(0) & 0x80U) != 0;
    packet.tcp_flags = static_cast<std::uint8_t>(field(0) & 0x17U);
    packet.time += std::chrono::milliseconds(field(1) * 100);
    packet.tcp_sequence = kStart + static_cast<std::uint32_t>(static_cast<std::int16_t>(
                                       static_cast<std::uint16_t>(field(2) << 8U | field(3))));
    const auto port = static_cast<std::uint16_t>(5060 + (field(0) >> 5U & 3U));
    packet.source = {IpAddress::v4(back ? 2 : 1), port};
    packet.destination = {IpAddress::v4(back ? 1 : 2), port};
    const std::size_t length =
        std::min<std::size_t>(field(4) << 8U | field(5), rest.size() - kHeaderSize);
    packet.ip = rest.subspan(0, kHeaderSize + length);  // the header stands for IP's and TCP's
    packet.payload = packet.ip.subspan(kHeaderSize);
    rest = rest.subspan(kHeaderSize + length);
    ++accounting.received;
    reassembly->on_packet(packet);
    reassembly->advance(packet.time);
    if (accounting.pending() != reassembly->waiting()) std::abort();
  }
  reassembly->finish();
  if (accounting.pending() != 0) std::abort();
  return 0;
}
