// RFC 4733: events of three streams in any order, with any payload and clock.
//
// Input: packets of [stream and marker][clock][timestamp, 4 bytes][ms since the one before, 2
// bytes] [length][payload].
#include "telephone_events.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

namespace {

using namespace koegura;
using namespace koegura::decode;

constexpr std::size_t kHeader = 9;
constexpr std::size_t kMostDigits = 10'000;
constexpr std::array<std::uint32_t, 4> kClocks = {8000, 16000, 48000, 0};

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const std::vector<Digit>& digits, std::size_t before) {
  require(digits.size() <= before + 1 && digits.size() <= kMostDigits);
  if (digits.empty()) return;
  const Digit& latest = digits.back();
  require(std::string_view("0123456789*#ABCD").find(latest.digit) != std::string_view::npos);
  require(std::isfinite(latest.at_s) && latest.at_s >= 0);
  require(std::isfinite(latest.duration_s) && latest.duration_s >= 0);
  require(latest.via == Digit::Via::kRtpEvent);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::span<const std::uint8_t> input(data, size);
  Timestamp now{};
  TelephoneEvents events(now);
  PayloadMeaning meaning;
  while (input.size() >= kHeader) {
    const std::size_t stream = input[0] % 3U;
    const std::size_t length = std::min<std::size_t>(input[8], input.size() - kHeader);
    now += std::chrono::milliseconds((input[6] << 8U) | input[7]);
    meaning.clock_rate = kClocks[input[1] % kClocks.size()];
    StreamPacket packet;
    packet.arrival = now;
    for (unsigned i = 2; i < 6; ++i) packet.timestamp = (packet.timestamp << 8U) | input[i];
    packet.marker = (input[0] & 0x80U) != 0;
    packet.meaning = &meaning;
    packet.payload = std::as_bytes(input.subspan(kHeader, length));
    const std::size_t before = events.digits().size();
    events.on_packet(stream, stream == 0 ? Side::kCaller : Side::kCallee, packet);
    check(events.digits(), before);
    input = input.subspan(kHeader + length);
  }
  return 0;
}
