#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "call_plan.h"
#include "codec.h"
#include "traffic/traffic.h"

namespace koegura::traffic {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t kMostCalls = 100'000'000;
constexpr std::uint32_t kMostConversations = 1'000'000;
constexpr std::uint32_t kMostConcurrent = 50'000;
constexpr std::size_t kMostPayload = 1400;   // bytes, so that every packet fits into one frame
constexpr std::uint32_t kMostPadding = 255;  // RFC 3550 §5.1: a byte says how much there is
constexpr Duration kMargin = milliseconds(200);

tl::unexpected<Error> refuse(std::string sentence) {
  return failure(std::move(sentence), ErrorKind::kUsage);
}

Result<void> check_calls(const TrafficOptions& options) {
  if (options.calls == 0 || options.calls > kMostCalls) {
    return refuse(fmt::format("calls must be 1 to {}", kMostCalls));
  }
  if (options.concurrency == 0 || options.concurrency > kMostConcurrent) {
    return refuse(fmt::format("concurrent calls must be 1 to {}", kMostConcurrent));
  }
  if (options.outcomes.empty()) return refuse("there is no outcome for the calls to have");
  if (options.talk < std::chrono::seconds(1) || options.talk > std::chrono::hours(24)) {
    return refuse("the length of a call must be 1 s to 24 h");
  }
  if (options.ring < Duration::zero() || options.ring > std::chrono::minutes(5)) {
    return refuse("the ringing must be 0 s to 5 min");
  }
  // pcap's seconds are 32 bits; 2096 leaves room for any run.
  if (options.start < Timestamp(std::chrono::seconds(1)) ||
      options.start > from_unix_ns(4'000'000'000'000'000'000)) {
    return refuse("the start must lie between 1970 and 2096");
  }
  return {};
}

Result<void> check_codec(const TrafficOptions& options) {
  const Codec* codec = find_codec(options.codec);
  if (codec == nullptr) {
    std::string names;
    for (const std::string& name : codec_names()) names += (names.empty() ? "" : ", ") + name;
    return refuse(fmt::format("codec {} cannot be made here; these can: {}", options.codec, names));
  }
  const std::uint32_t packet = options.packet_time_ms;
  if (packet == 0 || packet > 200) return refuse("the packet time must be 1 to 200 ms");
  if (packet % codec->frame_ms != 0) {
    return refuse(fmt::format("{} has frames of {} ms: a packet cannot hold {} ms", codec->name,
                              codec->frame_ms, packet));
  }
  if (codec->frame_bytes == 0 && packet != codec->frame_ms) {
    return refuse(
        fmt::format("{} packets hold {} ms here, not {} ms", codec->name, codec->frame_ms, packet));
  }
  if (packet / codec->frame_ms * codec->frame_bytes + options.padding > kMostPayload) {
    return refuse(fmt::format("{} ms of {} do not fit into one packet", packet, codec->name));
  }
  return {};
}

Result<void> check_network(const TrafficOptions& options) {
  for (const double fraction :
       {options.loss, options.tap_loss, options.unsent, options.reorder, options.duplicate}) {
    if (!(fraction >= 0 && fraction <= 1)) {
      return refuse("loss, reordering and duplicates must be 0 to 100 %");
    }
  }
  if (options.jitter < Duration::zero() || options.jitter > std::chrono::seconds(5)) {
    return refuse("the jitter must be 0 to 5,000 ms");
  }
  if (options.round_trip < Duration::zero() || options.round_trip > std::chrono::seconds(4)) {
    return refuse("the round trip must be 0 to 4,000 ms");  // less than between two reports
  }
  for (const double error : options.clock_error_ppm) {
    if (!(std::abs(error) <= 100'000)) {
      return refuse("a clock's error must be -100,000 to 100,000 ppm");
    }
  }
  if (options.padding > kMostPadding) {
    return refuse(fmt::format("the padding must be 0 to {} bytes", kMostPadding));
  }
  if (options.vlan > 4094) return refuse("the VLAN id must be 1 to 4094");  // IEEE 802.1Q §9.6
  if (options.tcp_segment_bytes == 0 || options.tcp_segment_bytes > 1460) {
    return refuse("a TCP segment must hold 1 to 1460 bytes");
  }
  return {};
}

Result<void> check_srtp(const TrafficOptions& options) {
  if (!options.srtp.empty() && capture::find_srtp_suite(options.srtp) == nullptr) {
    return refuse(fmt::format("SRTP's suite {} cannot be made here", options.srtp));
  }
  if (options.srtp.empty() && !options.srtp_tells_keys) return refuse("plain RTP has no keys");
  if (options.rekey_at == Duration::zero()) return {};
  if (options.srtp.empty()) return refuse("new keys are for SRTP");
  if (options.hold) return refuse("a hold brings new keys already");
  if (options.rekey_at < kMargin || options.rekey_at + kMargin > options.talk) {
    return refuse("new keys must come 0.2 s after the answer, and 0.2 s before the call's end");
  }
  return {};
}

Result<void> check_conversations(const TrafficOptions& options) {
  if (options.conversations == 0) return {};
  if (options.conversations > kMostConversations) {
    return refuse(fmt::format("conversations must be at most {}", kMostConversations));
  }
  if (!(options.shared_numbers >= 0 && options.shared_numbers <= 1)) {
    return refuse("the part of conversations that share a number must be 0 to 100 %");
  }
  if (options.talk < seconds(8) || options.ring < milliseconds(200)) {
    return refuse("conversations need 8 s of talk and 0.2 s of ringing");
  }
  if (options.codec != "PCMU" || options.packet_time_ms < 10 || options.packet_time_ms > 30) {
    return refuse("conversations speak PCMU on the trunk, in packets of 10 to 30 ms");
  }
  if (options.transport != SipTransport::kUdp) return refuse("conversations speak SIP over UDP");
  if (!options.srtp.empty() || options.first_sequence || options.padding != 0) {
    return refuse("SRTP, padding and sequence numbers are for calls, not for conversations");
  }
  const bool wrong_clocks = options.clock_error_ppm != std::array<double, 2>{};
  if (!options.digits.empty() || options.hold || wrong_clocks || !options.bye) {
    return refuse(
        "digits, hold, wrong clocks and missing BYEs are for calls, not for conversations");
  }
  return {};
}

Result<void> check_events(const TrafficOptions& options) {
  if (options.digits.find_first_not_of("0123456789*#ABCD") != std::string::npos) {
    return refuse("digits are 0-9, *, # and A-D");
  }
  if (options.hold && (options.hold->at < kMargin || options.hold->duration < kMargin ||
                       options.hold->at > options.talk || options.hold->duration > options.talk ||
                       options.hold->at + options.hold->duration + kMargin > options.talk)) {
    return refuse(
        "the hold must begin at least 0.2 s after the answer, last 0.2 s, and end 0.2 s before "
        "the call");
  }
  if (options.digits.empty()) return {};
  if (options.digits_by.empty()) return refuse("there is no way for the digits to be told");
  const DigitTicks length = digit_ticks(options.packet_time_ms);
  const Duration pressing = milliseconds(options.packet_time_ms) * (length.sent + length.pause) *
                            static_cast<long long>(options.digits.size());
  const Duration room = (options.hold ? options.hold->at : options.talk) - kMargin - kDigitsAt;
  if (pressing > room) {
    return refuse(
        fmt::format("{} digits take {:.1f} s from 1 s after the answer: they must end "
                    "before the hold and the call do",
                    options.digits.size(), to_seconds(pressing)));
  }
  return {};
}

}  // namespace

std::vector<std::string> codec_names() {
  std::vector<std::string> names;
  for (const Codec* codec : available_codecs()) names.emplace_back(codec->name);
  return names;
}

Result<void> check(const TrafficOptions& options) {
  for (const auto part :
       {check_calls, check_codec, check_network, check_events, check_srtp, check_conversations}) {
    if (auto sound = part(options); !sound) return sound;
  }
  return {};
}

}  // namespace koegura::traffic
