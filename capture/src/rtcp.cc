#include "capture/rtcp.h"

#include <optional>

#include "rtcp_extended.h"
#include "wire.h"

namespace koegura::capture {
namespace {

enum RtcpType : std::uint8_t {
  kSenderReport = 200,
  kReceiverReport = 201,
  kSourceDescription = 202,
  kGoodbye = 203,
  kExtendedReport = 207,
};
// RFC 5761 §4: what is no RTP payload type.
constexpr std::uint8_t kFirstRtcpType = 192;
constexpr std::uint8_t kLastRtcpType = 223;
constexpr std::size_t kRtcpWord = 4;

using Problem = std::optional<Defect>;

// One packet of the compound, without its header and padding.
struct RtcpPacket {
  std::uint8_t type = 0;
  std::uint8_t count = 0;
  Bytes body;
};

std::uint32_t word_at(Bytes bytes, std::size_t index) {
  return load_be32(bytes.data() + index * kRtcpWord);
}

// Takes the next packet off the datagram.
tl::expected<RtcpPacket, Defect> take_packet(Bytes& datagram) {
  constexpr std::uint8_t kPaddingBit = 0x20;
  constexpr std::uint8_t kCountBits = 0x1F;
  if (datagram.size() < kRtcpWord) return tl::make_unexpected(Defect::kRtcpTruncated);
  const std::uint8_t first = load_u8(datagram.data());
  RtcpPacket packet{.type = load_u8(datagram.data() + 1),
                    .count = static_cast<std::uint8_t>(first & kCountBits),
                    .body = {}};
  if (first >> 6U != 2 || packet.type < kFirstRtcpType || packet.type > kLastRtcpType) {
    return tl::make_unexpected(Defect::kRtcpBadHeader);
  }
  const std::size_t size = (std::size_t{load_be16(datagram.data() + 2)} + 1) * kRtcpWord;
  if (size > datagram.size()) return tl::make_unexpected(Defect::kRtcpTruncated);
  packet.body = datagram.subspan(kRtcpWord, size - kRtcpWord);
  datagram = datagram.subspan(size);
  if ((first & kPaddingBit) == 0) return packet;
  // RFC 3550 §6.4.1: of the last packet of a compound alone.
  const std::size_t padding = packet.body.empty() ? 0 : load_u8(&packet.body.back());
  const bool possible = padding != 0 && padding % kRtcpWord == 0 && padding <= packet.body.size();
  if (!possible || !datagram.empty()) return tl::make_unexpected(Defect::kRtcpBadPadding);
  packet.body = packet.body.first(packet.body.size() - padding);
  return packet;
}

// The 24 bits are signed: copies make it negative.
std::int32_t cumulative_lost_of(std::uint32_t word) {
  constexpr unsigned kFractionBits = 8;
  return static_cast<std::int32_t>(word << kFractionBits) >> kFractionBits;
}

// What stands behind the blocks are extensions of a profile.
Problem read_receptions(std::uint32_t reporter, std::size_t count, Bytes blocks, RtcpReports& out) {
  constexpr std::size_t kBlockWords = 6;
  if (blocks.size() < count * kBlockWords * kRtcpWord) return Defect::kRtcpBadReport;
  for (std::size_t i = 0; i < count; ++i) {
    const Bytes block = blocks.subspan(i * kBlockWords * kRtcpWord, kBlockWords * kRtcpWord);
    out.receptions.push_back({.reporter = reporter,
                              .source = word_at(block, 0),
                              .fraction_lost = load_u8(block.data() + kRtcpWord),
                              .cumulative_lost = cumulative_lost_of(word_at(block, 1)),
                              .highest_sequence = word_at(block, 2),
                              .jitter = word_at(block, 3),
                              .last_sender_report = word_at(block, 4),
                              .delay_since = word_at(block, 5)});
  }
  return {};
}

Problem read_sender_report(const RtcpPacket& packet, RtcpReports& out) {
  constexpr std::size_t kInfoWords = 6;
  constexpr unsigned kWordBits = 32;
  const Bytes body = packet.body;
  if (body.size() < kInfoWords * kRtcpWord) return Defect::kRtcpBadReport;
  out.senders.push_back({.ssrc = word_at(body, 0),
                         .ntp = std::uint64_t{word_at(body, 1)} << kWordBits | word_at(body, 2),
                         .rtp_timestamp = word_at(body, 3),
                         .packets = word_at(body, 4),
                         .octets = word_at(body, 5)});
  return read_receptions(word_at(body, 0), packet.count, body.subspan(kInfoWords * kRtcpWord), out);
}

Problem read_receiver_report(const RtcpPacket& packet, RtcpReports& out) {
  if (packet.body.size() < kRtcpWord) return Defect::kRtcpBadReport;
  return read_receptions(word_at(packet.body, 0), packet.count, packet.body.subspan(kRtcpWord),
                         out);
}

// One chunk: the SSRC, items, at least one zero, and zeros to the next word.
Problem read_chunk(Bytes body, std::size_t& at, RtcpReports& out) {
  constexpr std::uint8_t kEnd = 0;
  constexpr std::uint8_t kCname = 1;
  constexpr std::uint8_t kTool = 6;
  constexpr std::size_t kItemHeader = 2;
  if (body.size() - at < kRtcpWord) return Defect::kRtcpBadDescription;
  SourceDescription description{.ssrc = load_be32(body.data() + at), .cname = {}, .tool = {}};
  at += kRtcpWord;
  while (true) {
    if (at >= body.size()) return Defect::kRtcpBadDescription;
    const std::uint8_t kind = load_u8(body.data() + at);
    if (kind == kEnd) break;
    if (body.size() - at < kItemHeader) return Defect::kRtcpBadDescription;
    const std::size_t length = load_u8(body.data() + at + 1);
    at += kItemHeader;
    if (body.size() - at < length) return Defect::kRtcpBadDescription;
    if (kind == kCname) description.cname = as_text(body.subspan(at, length));
    if (kind == kTool) description.tool = as_text(body.subspan(at, length));
    at += length;
  }
  at = (at / kRtcpWord + 1) * kRtcpWord;  // the body is whole words
  out.descriptions.push_back(std::move(description));
  return {};
}

Problem read_descriptions(const RtcpPacket& packet, RtcpReports& out) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < packet.count; ++i) {
    if (const Problem problem = read_chunk(packet.body, at, out)) return problem;
  }
  return {};
}

Problem read_goodbye(const RtcpPacket& packet, RtcpReports& out) {
  if (packet.body.size() < packet.count * kRtcpWord) return Defect::kRtcpBadReport;
  for (std::size_t i = 0; i < packet.count; ++i) out.goodbyes.push_back(word_at(packet.body, i));
  return {};
}

Problem read_rtcp_packet(const RtcpPacket& packet, RtcpReports& out) {
  switch (packet.type) {
    case kSenderReport:
      return read_sender_report(packet, out);
    case kReceiverReport:
      return read_receiver_report(packet, out);
    case kSourceDescription:
      return read_descriptions(packet, out);
    case kGoodbye:
      return read_goodbye(packet, out);
    case kExtendedReport:
      return read_extended_report(packet.body, out);
    default:
      return {};
  }
}

}  // namespace

tl::expected<RtcpReports, Defect> parse_rtcp(Bytes datagram) {
  RtcpReports reports;
  do {
    const auto packet = take_packet(datagram);
    if (!packet) return tl::make_unexpected(packet.error());
    if (const Problem problem = read_rtcp_packet(*packet, reports))
      return tl::make_unexpected(*problem);
  } while (!datagram.empty());
  return reports;
}

}  // namespace koegura::capture
