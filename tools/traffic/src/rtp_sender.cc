#include "rtp_sender.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "big_endian.h"

namespace koegura::traffic {
namespace {

constexpr std::uint64_t kNetwork = 5;      // a purpose of Random
constexpr std::uint64_t kOtherLosses = 8;  // a purpose of Random
constexpr std::size_t kRtpHeader = 12;
constexpr Duration kReportInterval = std::chrono::seconds(5);  // RFC 3550 §6.2
constexpr Duration kMirrorDelay = std::chrono::microseconds(4);

Path path_of(const TrafficOptions& options, const StreamPlan& plan, std::uint16_t port_offset) {
  const auto shifted = [port_offset](Endpoint endpoint) {
    endpoint.port = static_cast<std::uint16_t>(endpoint.port + port_offset);
    return endpoint;
  };
  return Path({.sender = plan.side, .vlan = options.vlan, .tos = kTosVoice}, shifted(plan.source),
              shifted(plan.destination));
}

// RFC 4733 §3.2.
std::uint8_t event_of(char digit) {
  switch (digit) {
    case '*':
      return 10;
    case '#':
      return 11;
    case 'A':
    case 'B':
    case 'C':
    case 'D':
      return static_cast<std::uint8_t>(digit - 'A' + 12);
    default:
      return static_cast<std::uint8_t>(digit - '0');
  }
}

}  // namespace

RtpSender::RtpSender(const TrafficOptions& options, std::uint32_t call, const StreamPlan& plan,
                     std::span<const Sound> sounds, CaptureWriter& writer)
    : options_(options),
      plan_(plan),
      sounds_(sounds),
      writer_(writer),
      path_(path_of(options, plan, 0)),
      report_path_(path_of(options, plan, 1)),
      random_(options.seed, kNetwork, call * 2ULL + index_of(plan.side)),
      other_causes_(options.seed, kOtherLosses, call * 2ULL + index_of(plan.side)),
      clock_per_tick_(plan.codec->clock_rate / 1000 * options.packet_time_ms),
      last_packet_(plan.packets() - 1) {
  for (const PlannedKey& planned : plan.keys) {
    sealers_.emplace_back(planned.key, plan.ssrc);
    trailer_ = SrtpSealer::trailer_of(planned.key.suite);
  }
  if (options.rtcp) next_report_ = plan.start + kReportInterval;
  send_until_order_is_known();
}

bool RtpSender::arrives_later(const InFlight& a, const InFlight& b) {
  if (a.arrives != b.arrives) return a.arrives > b.arrives;
  return a.packet > b.packet;
}

// Whatever is sent later cannot arrive before the first in flight: but a packet that changes places
// with the one before it, and those two are sent together.
void RtpSender::send_until_order_is_known() {
  while (has_more() &&
         (in_flight_.empty() || plan_.time_of(next_tick()) <= in_flight_.front().arrives)) {
    send_next();
  }
}

void RtpSender::send_next() {
  const std::uint32_t tick = next_tick();
  InFlight packet = take_next();
  if (!sets_out(packet, tick)) return;
  if (!has_more() || !random_.chance(options_.reorder)) return send(packet, tick, packet.sent);

  const std::uint32_t tick_behind = next_tick();
  InFlight behind = take_next();
  send(packet, tick, behind.sent);
  if (sets_out(behind, tick_behind)) send(behind, tick_behind, packet.sent);
}

bool RtpSender::sets_out(InFlight& packet, std::uint32_t tick) {
  const auto cause = fate_of(packet);
  if (cause && *cause != LossCause::kTap) {
    lose(packet, tick, *cause);
    return false;
  }
  packet.unseen = cause.has_value();
  return true;
}

std::optional<LossCause> RtpSender::fate_of(const InFlight& packet) {
  // Nobody could know of a loss before the first packet or behind the last.
  const bool edge = packet.packet == 0 || packet.packet == last_packet_;
  const bool unsent = !edge && other_causes_.chance(options_.unsent);
  if (options_.rtcp && !unsent) book_.sent(packet.sent, packet.bytes);
  if (edge) return std::nullopt;
  const bool lost = random_.chance(options_.loss);
  if (unsent) return LossCause::kUnsent;
  if (lost) return LossCause::kNetwork;
  if (other_causes_.chance(options_.tap_loss)) return LossCause::kTap;
  return std::nullopt;
}

void RtpSender::send(InFlight packet, std::uint32_t tick, Timestamp seemingly_sent) {
  if (packet.unseen) lose(packet, tick, LossCause::kTap);
  deliver(packet, seemingly_sent);
}

RtpSender::InFlight RtpSender::take_next() {
  const StreamSegment& segment = plan_.segments[segment_];
  InFlight packet = segment.kind == StreamSegment::Kind::kEvent ? press(segment) : speak(segment);
  packet.packet = sent_++;
  packet.sent = plan_.time_of(next_tick());
  if (++tick_ == segment.ticks) {
    tick_ = 0;
    ++segment_;
  }
  return packet;
}

RtpSender::InFlight RtpSender::speak(const StreamSegment& segment) const {
  const std::uint32_t tick = segment.tick + tick_;
  const Sound& sound = sounds_[segment.sound];
  const std::uint64_t place_ms =
      sound.offset_ms + segment.place_ms + std::uint64_t{tick_} * options_.packet_time_ms;
  const auto payload = sound.payloads->payload(place_ms);
  // RFC 3551 §4.1: the marker bit is the first packet after a silence.
  const StreamSegment* before = segment_ == 0 ? nullptr : &segment - 1;
  const bool after_silence = before == nullptr || before->tick + before->ticks != segment.tick;
  return {.payload = payload.data(),
          .bytes = static_cast<std::uint32_t>(payload.size()),
          .timestamp = plan_.first_timestamp + tick * clock_per_tick_,
          .marker = tick_ == 0 && after_silence};
}

// RFC 4733 §2.3, §2.5.1: all packets of an event bear the timestamp of its beginning and the
// duration so far; the end is sent three times.
RtpSender::InFlight RtpSender::press(const StreamSegment& segment) const {
  const DigitTicks length = digit_ticks(options_.packet_time_ms);
  const std::uint32_t pressed = std::min(tick_ + 1, length.pressed);
  const bool end = pressed == length.pressed;
  InFlight packet = {.bytes = 4,
                     .timestamp = plan_.first_timestamp + segment.tick * clock_per_tick_,
                     .marker = tick_ == 0};
  put8(packet.event.data(), event_of(segment.digit));
  put8(packet.event.data() + 1, static_cast<std::uint8_t>((end ? 0x80U : 0U) | 10U));  // -10 dBm0
  put16(packet.event.data() + 2, static_cast<std::uint16_t>(pressed * clock_per_tick_));
  return packet;
}

void RtpSender::lose(const InFlight& packet, std::uint32_t tick, LossCause cause) {
  const std::uint64_t per_tick = std::uint64_t{options_.packet_time_ms} * kSamplesPerMs;
  const std::uint64_t sample = tick * per_tick;
  if (!tally_.lost.empty()) {
    LostRun& run = tally_.lost.back();
    if (run.cause == cause && run.packet + run.packets == packet.packet &&
        run.sample + run.packets * per_tick == sample) {
      ++run.packets;
      return;
    }
  }
  tally_.lost.push_back({packet.packet, 1, sample, cause});
}

void RtpSender::deliver(InFlight packet, Timestamp seemingly_sent) {
  packet.arrives = seemingly_sent;
  if (options_.jitter > Duration::zero()) {
    packet.arrives += random_.between(Duration::zero(), options_.jitter);
  }
  in_flight_.push_back(packet);
  std::push_heap(in_flight_.begin(), in_flight_.end(), arrives_later);
  if (!random_.chance(options_.duplicate) || packet.unseen) return;
  packet.arrives += kMirrorDelay;
  packet.copy = true;
  in_flight_.push_back(packet);
  std::push_heap(in_flight_.begin(), in_flight_.end(), arrives_later);
}

void RtpSender::emit() {
  if (next_report_ < next_packet()) {
    emit_report();
  } else {
    emit_packet();
  }
}

void RtpSender::emit_packet() {
  std::pop_heap(in_flight_.begin(), in_flight_.end(), arrives_later);
  const InFlight packet = in_flight_.back();
  in_flight_.pop_back();
  if (options_.rtcp && !packet.copy) {
    reception_.arrived(packet.arrives, packet.packet, packet.timestamp);
  }
  if (!packet.unseen) {
    write(packet);
    count(packet);
  }
  send_until_order_is_known();
  if (in_flight_.empty()) next_report_ = kNever;
}

void RtpSender::write(const InFlight& packet) {
  const std::size_t padding = options_.padding;
  const std::size_t size = kRtpHeader + packet.bytes + padding + trailer_;
  std::byte* frame = writer_.frame(packet.arrives, path_.frame_size(size));
  std::byte* rtp = path_.payload_of(frame);
  const std::uint8_t type =
      packet.payload == nullptr ? kEventPayloadType : plan_.codec->payload_type;
  const auto sequence = static_cast<std::uint16_t>(plan_.first_sequence + packet.packet);
  put8(rtp, padding != 0 ? 0xA0 : 0x80);  // version 2, and the P bit
  put8(rtp + 1, static_cast<std::uint8_t>(type | (packet.marker ? 0x80U : 0U)));
  put16(rtp + 2, sequence);
  put32(rtp + 4, packet.timestamp);
  put32(rtp + 8, plan_.ssrc);
  std::memcpy(rtp + kRtpHeader, packet.payload == nullptr ? packet.event.data() : packet.payload,
              packet.bytes);
  if (padding != 0) {
    std::memset(rtp + kRtpHeader + packet.bytes, 0, padding - 1);
    put8(rtp + kRtpHeader + packet.bytes + padding - 1, static_cast<std::uint8_t>(padding));
  }
  seal(rtp, size - trailer_, packet.sent);
  path_.seal_udp(frame, size, sequence);
}

void RtpSender::seal(std::byte* rtp, std::size_t size, Timestamp sent) {
  if (sealers_.empty()) return;
  std::size_t key = sealers_.size() - 1;
  while (key > 0 && sent < plan_.keys[key].from) --key;
  const bool sealed = sealers_[key].seal(rtp, size);
  assert(sealed);  // the suites are libsrtp2's own, and the packets are well formed
  static_cast<void>(sealed);
}

void RtpSender::count(const InFlight& packet) {
  if (packet.copy) {
    ++tally_.duplicates;
    return;
  }
  tally_.last = packet.arrives;
  if (tally_.packets == 0) tally_.first = packet.arrives;
  if (packet.packet < highest_) ++tally_.reordered;
  highest_ = std::max(highest_, packet.packet);
  ++tally_.packets;
}

// A sender report, with what this side has received of the other (RFC 3550 §6.4.1), and a CNAME
// (§6.5.1). The mirror port stands in the middle: a quarter of the round trip from either end. So
// what a report says had passed here half of the round trip before it does.
void RtpSender::emit_report() {
  constexpr std::size_t kSenderBytes = 28;
  constexpr std::size_t kBlockBytes = 24;
  constexpr std::size_t kNameBytes = 16;
  constexpr std::uint64_t kNtpEpoch = 2'208'988'800;  // 1970 in seconds since 1900
  Reception::Block block;
  if (heard_ != nullptr) {
    const double tick_ns = heard_->plan_.tick_ns / heard_->clock_per_tick_;
    block = heard_->reception_.block(next_report_ - options_.round_trip / 2, tick_ns);
  }
  const std::size_t blocks = block.received != 0 ? 1 : 0;
  const std::size_t name_at = kSenderBytes + blocks * kBlockBytes;
  const Timestamp sent_at = next_report_ - options_.round_trip / 4;
  const auto ns = static_cast<std::uint64_t>(to_unix_ns(sent_at));
  const std::uint64_t ntp =
      (ns / 1'000'000'000 + kNtpEpoch) << 32U | (ns % 1'000'000'000 << 32U) / 1'000'000'000;
  const double ticks = static_cast<double>((next_report_ - plan_.start).count()) / plan_.tick_ns;
  const SentBook::Totals sent = book_.until(next_report_);
  std::byte* frame = writer_.frame(next_report_, report_path_.frame_size(name_at + kNameBytes));
  std::byte* report = report_path_.payload_of(frame);
  put32(report, static_cast<std::uint32_t>(0x80C80006 + blocks * 0x01000006));  // SR, 7 or 13 words
  put32(report + 4, plan_.ssrc);
  put32(report + 8, static_cast<std::uint32_t>(ntp >> 32U));
  put32(report + 12, static_cast<std::uint32_t>(ntp));
  put32(report + 16, plan_.first_timestamp + static_cast<std::uint32_t>(static_cast<std::uint64_t>(
                                                 ticks * clock_per_tick_)));
  put32(report + 20, sent.packets);
  put32(report + 24, static_cast<std::uint32_t>(sent.bytes));
  if (blocks != 0) put_block(report + kSenderBytes, block);
  put32(report + name_at, 0x81CA0003);  // SDES, 1 chunk, 4 words
  put32(report + name_at + 4, plan_.ssrc);
  std::memcpy(report + name_at + 8, "\x01\x05voice\0", 8);  // CNAME, ended by a zero
  report_path_.seal_udp(frame, name_at + kNameBytes, static_cast<std::uint16_t>(tally_.reports));
  reception_.reported(next_report_, static_cast<std::uint32_t>(ntp >> 16U));
  ++tally_.reports;
  next_report_ += kReportInterval;
}

void RtpSender::put_block(std::byte* at, const Reception::Block& block) const {
  constexpr double kUnitsPerSecond = 65536;
  const StreamPlan& heard = heard_->plan_;
  std::uint32_t delay = 0;
  if (block.last_sender_report != 0) {
    const Duration held = next_report_ - options_.round_trip / 2 - block.reported;
    delay = static_cast<std::uint32_t>(to_seconds(held) * kUnitsPerSecond);
  }
  put32(at, heard.ssrc);
  put32(at + 4, std::uint32_t{block.fraction_lost} << 24U | block.cumulative_lost);
  put32(at + 8, heard.first_sequence + block.highest);
  put32(at + 12, block.jitter);
  put32(at + 16, block.last_sender_report);
  put32(at + 20, delay);
}

}  // namespace koegura::traffic
