// A stream put in order, its RED (RFC 2198) taken apart, and the end from which G.726 fills its
// bytes told from it: any numbers, timestamps, arrivals and payloads.
//
// Input: how often the reader looks ahead (0: never), then packets (input_packets.h; a marked one
// has the P bit) of [payload type, of kTypes][ms since the one before][sequence, 2 bytes]
// [timestamp, 4 bytes][payload].
#include "ordered_stream.h"

#include <array>
#include <cstdint>
#include <cstdlib>

#include "../capture/packet_builder.h"
#include "fuzz_spool.h"
#include "g726_packing.h"
#include "input_packets.h"

namespace {

using namespace koegura;
using namespace koegura::decode;

constexpr auto kSource = "192.0.2.1:4000";
constexpr auto kDestination = "192.0.2.2:5000";
constexpr std::size_t kHead = 8;
constexpr std::uint32_t kMostPackets = 1000;  // fewer than late ones are noted
constexpr std::array<std::uint8_t, 5> kTypes = {0, 97, 98, 99, 100};
constexpr std::array<const char*, 5> kEncodings = {"PCMU", "red", "G726-32", "telephone-event",
                                                   "opus"};

void require(bool holds) {
  if (!holds) std::abort();
}

capture::FinishedCall described() {
  capture::FinishedCall call;
  capture::NegotiatedMedia media;
  media.endpoint = capture::test::endpoint(kDestination);
  for (std::size_t i = 0; i < kTypes.size(); ++i) {
    media.formats.push_back({.payload_type = kTypes[i],
                             .encoding = kEncodings[i],
                             .clock_rate = i == 4 ? 48'000U : 8000U,
                             .fmtp = ""});
  }
  call.media.push_back(media);
  call.outages.push_back({from_unix_ns(2'000'000'000), from_unix_ns(3'000'000'000)});
  return call;
}

capture::test::Octets rtp_of(const fuzz::InputPacket& packet) {
  capture::test::Writer out;
  out.u8(packet.marked ? 0xA0 : 0x80);
  out.u8(kTypes[std::to_integer<unsigned>(packet.bytes[0]) % kTypes.size()]);
  return out.bytes(packet.bytes.subspan(2, 6))
      .u32(0x1234)
      .bytes(packet.bytes.subspan(kHead))
      .octets();
}

std::uint32_t spool_packets(Bytes input, capture::FinishedStream& stream) {
  capture::SpoolRun run;
  Timestamp now = from_unix_ns(1'000'000'000);
  std::uint32_t packets = 0;
  while (!input.empty() && packets < kMostPackets) {
    const fuzz::InputPacket packet = fuzz::take_packet(input);
    if (packet.bytes.size() < kHead) continue;
    now += std::chrono::milliseconds(std::to_integer<int>(packet.bytes[1]));
    const auto datagram = capture::test::udp(kSource, kDestination, Bytes(rtp_of(packet)));
    require(fuzz::spool().append(run, now, datagram.bytes));
    ++packets;
  }
  stream.spooled = fuzz::spool().take(run);
  return packets;
}

// Each number once, in order; what never came may be repaired, and nothing is told twice.
void read(const capture::FinishedCall& call, const capture::FinishedStream& stream,
          std::uint32_t packets, unsigned look_ahead_every) {
  FormatMap formats(call, stream);
  const OutageMap outages(call, 8000);
  OrderedStream ordered(call, stream, formats, outages);
  std::int64_t last = -1;
  std::uint32_t given = 0;
  std::uint32_t late = 0;
  for (unsigned number = 1;; ++number) {
    auto front = ordered.front();
    require(front.has_value());
    late += static_cast<std::uint32_t>(ordered.take_late().size());
    if (*front == nullptr) break;
    if (look_ahead_every != 0 && number % look_ahead_every == 0 && !(*front)->repaired) {
      require(ordered.look_ahead(std::chrono::seconds(1)).has_value());
      front = ordered.front();
      require(front.has_value() && *front != nullptr);
    }
    const StreamPacket& packet = **front;
    require(packet.sequence > last && packet.meaning != nullptr);
    require(!packet.repaired || (!packet.misfit && !packet.payload.empty()));
    last = packet.sequence;
    if (!packet.repaired) ++given;
    ordered.pop();
  }
  late += static_cast<std::uint32_t>(ordered.take_late().size());
  const RtpStatistics& statistics = ordered.statistics();
  require(given + late == statistics.packets());
  require(statistics.packets() + statistics.duplicates() == packets);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const capture::FinishedCall kCall = described();
  if (size == 0) return 0;
  capture::FinishedStream stream;
  stream.source = capture::test::endpoint(kSource);
  stream.destination = capture::test::endpoint(kDestination);
  stream.ssrc = 0x1234;
  const std::uint32_t packets =
      spool_packets(std::as_bytes(std::span(data, size)).subspan(1), stream);
  if (packets == 0) return 0;
  read(kCall, stream, packets, data[0]);
  const Codec& told = *find_codec("G726-32");
  const Codec& sent = packing_sent(told, kCall, stream, OutageMap(kCall, 8000));
  require(sent.bits_per_sample == told.bits_per_sample);
  return 0;
}
