// RTP packets (RFC 3550 §5.1): whatever the header claims, the payload lies within the datagram;
// and whatever a receive path hears, every frame has one outcome, and what it keeps can be read
// again.
//
// Input: packets (input_packets.h), 20 ms apart; the marked ones go to an endpoint that SDP says
// plain RTP of, the others to one that nobody describes.
#include "capture/rtp.h"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

#include "../capture/packet_builder.h"
#include "capture/capture.h"
#include "fuzz_spool.h"
#include "input_packets.h"

namespace {

using namespace koegura::capture;
using koegura::Timestamp;

constexpr auto kSource = "192.0.2.1:4000";
constexpr auto kDescribed = "192.0.2.9:6000";
constexpr auto kUnknown = "192.0.2.9:7000";
constexpr auto kInvite =
    "INVITE sip:2301@example.jp SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK1\r\n"
    "From: <sip:0312345678@example.jp>;tag=a\r\n"
    "To: <sip:2301@example.jp>\r\n"
    "Call-ID: fuzz\r\n"
    "CSeq: 1 INVITE\r\n"
    "Content-Type: application/sdp\r\n\r\n"
    "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
    "m=audio 6000 RTP/AVP 0\r\n";

void require(bool holds) {
  if (!holds) std::abort();
}

void check_header(Bytes datagram) {
  static_cast<void>(looks_like_rtcp(datagram));
  auto padded = parse_padded_rtp(datagram);
  const auto packet = parse_rtp(datagram);
  require(!packet || padded);
  if (!padded) return;
  const Bytes whole = padded->payload;
  require(whole.size() + kRtpHeaderSize <= datagram.size());
  require(whole.data() + whole.size() == datagram.data() + datagram.size());
  require(take_off_padding(*padded) == packet.has_value());
  const std::size_t wanted = packet ? packet->payload.size() : whole.size();
  require(padded->payload.data() == whole.data() && padded->payload.size() == wanted);
}

// What calls bring.
class Kept final : public CallSink {
 public:
  void take(FinishedCall call) override {
    for (const FinishedStream& stream : call.streams) {
      SpoolReader reader(stream.spooled);
      SpooledPacket packet;
      std::uint32_t count = 0;
      auto more = reader.next(packet);
      for (; more && *more; more = reader.next(packet)) ++count;
      require(more && count == stream.packets);
      packets += count;
    }
  }
  std::uint64_t packets = 0;
};

CaptureOptions options() {
  CaptureOptions options;
  options.max_streams = 64;
  return options;
}

class Wire {
 public:
  Wire() : capture_(Capture::create(options(), koegura::fuzz::spool(), kept_)) {}

  void send(const test::Carried& datagram) {
    const Frame frame = {.time = now_,
                         .bytes = datagram.bytes,
                         .wire_length = static_cast<std::uint32_t>(datagram.bytes.size()),
                         .link = LinkType::kRaw};
    capture_->on_frames({&frame, 1});
    now_ += std::chrono::milliseconds(20);
  }
  void finish() {
    capture_->finish();
    const Accounting accounting = capture_->accounting();
    require(accounting.received == accounting.accounted());
    const std::uint64_t rtp = accounting[Outcome::kRtp];
    const std::uint64_t malformed =
        accounting.malformed[static_cast<std::size_t>(Defect::kRtpBadHeader)];
    require(kept_.packets >= rtp && kept_.packets <= rtp + malformed);
  }

 private:
  Kept kept_;
  std::unique_ptr<Capture> capture_;
  Timestamp now_ = koegura::from_unix_ns(1'700'000'000'000'000'000);
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMostBytes = 65'000;  // of a datagram
  Bytes input = std::as_bytes(std::span(data, size));
  Wire wire;
  wire.send(test::udp("192.0.2.9:5060", "192.0.2.1:5060", kInvite));
  while (!input.empty()) {
    const koegura::fuzz::InputPacket packet = koegura::fuzz::take_packet(input);
    check_header(packet.bytes);
    if (packet.bytes.size() > kMostBytes) continue;
    wire.send(test::udp(kSource, packet.marked ? kDescribed : kUnknown, packet.bytes));
  }
  wire.finish();
  return 0;
}
