// RTP packets (RFC 3550 §5.1): whatever the header claims, the payload lies within the datagram.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "capture/rtp.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const koegura::capture::Bytes datagram = std::as_bytes(std::span(data, size));
  (void)koegura::capture::looks_like_rtp(datagram);
  (void)koegura::capture::looks_like_rtcp(datagram);
  const auto packet = koegura::capture::parse_rtp(datagram);
  if (!packet || packet->payload.empty()) return 0;
  const std::byte* end = packet->payload.data() + packet->payload.size();
  const bool inside =
      packet->payload.data() >= datagram.data() + koegura::capture::kRtpHeaderSize &&
      end <= datagram.data() + datagram.size();
  if (!inside) std::abort();
  return 0;
}
