// RTCP (RFC 3550 §6, RFC 3611): whatever lengths and counts claim, nothing is read beyond the
// datagram, and what is given fits in it.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "capture/rtcp.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto reports = koegura::capture::parse_rtcp(std::as_bytes(std::span(data, size)));
  if (!reports) return 0;
  // Each takes at least a word of its own.
  const std::size_t entries = reports->senders.size() + reports->receptions.size() +
                              reports->descriptions.size() + reports->goodbyes.size() +
                              reports->reference_times.size() + reports->delays.size() +
                              reports->summaries.size() + reports->voip_metrics.size();
  if (entries * 4 > size) std::abort();
  return 0;
}
