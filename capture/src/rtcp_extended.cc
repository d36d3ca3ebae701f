#include "rtcp_extended.h"

#include "wire.h"

namespace koegura::capture {
namespace {

// RFC 3611 §4.
enum BlockType : std::uint8_t {
  kReferenceTime = 4,
  kDelays = 5,
  kStatistics = 6,
  kVoip = 7,
};
constexpr std::size_t kXrWord = 4;

// A block without its first word.
struct ReportBlock {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t reporter = 0;
  Bytes body;

  [[nodiscard]] bool has(std::size_t words) const { return body.size() >= words * kXrWord; }
  [[nodiscard]] std::uint32_t word(std::size_t index) const {
    return load_be32(body.data() + index * kXrWord);
  }
};

bool read_reference_time(const ReportBlock& block, RtcpReports& out) {
  constexpr std::size_t kWords = 2;
  constexpr unsigned kWordBits = 32;
  if (!block.has(kWords)) return false;
  out.reference_times.push_back({.reporter = block.reporter,
                                 .ntp = std::uint64_t{block.word(0)} << kWordBits | block.word(1)});
  return true;
}

bool read_delays(const ReportBlock& block, RtcpReports& out) {
  constexpr std::size_t kWords = 3;
  if (block.body.size() % (kWords * kXrWord) != 0) return false;
  for (std::size_t at = 0; at < block.body.size() / kXrWord; at += kWords) {
    out.delays.push_back({.reporter = block.reporter,
                          .source = block.word(at),
                          .last_reference = block.word(at + 1),
                          .delay_since = block.word(at + 2)});
  }
  return true;
}

bool read_statistics(const ReportBlock& block, RtcpReports& out) {
  constexpr std::size_t kWords = 9;
  constexpr std::uint8_t kLossFlag = 0x80;
  constexpr std::uint8_t kDuplicateFlag = 0x40;
  constexpr std::uint8_t kJitterFlag = 0x20;
  if (!block.has(kWords)) return false;
  StatisticsSummary summary{.reporter = block.reporter,
                            .source = block.word(0),
                            .first_sequence = load_be16(block.body.data() + kXrWord),
                            .end_sequence = load_be16(block.body.data() + kXrWord + 2)};
  summary.has_losses = (block.flags & kLossFlag) != 0;
  summary.has_duplicates = (block.flags & kDuplicateFlag) != 0;
  summary.has_jitter = (block.flags & kJitterFlag) != 0;
  if (summary.has_losses) summary.lost = block.word(2);
  if (summary.has_duplicates) summary.duplicates = block.word(3);
  if (summary.has_jitter) {
    summary.max_jitter = block.word(5);
    summary.mean_jitter = block.word(6);
  }
  out.summaries.push_back(summary);
  return true;
}

bool read_voip(const ReportBlock& block, RtcpReports& out) {
  constexpr std::size_t kWords = 8;
  // Offsets within the block behind its first word, as §4.7 draws it.
  constexpr std::size_t kLossRate = 4;
  constexpr std::size_t kDiscardRate = 5;
  constexpr std::size_t kRoundTrip = 12;
  constexpr std::size_t kEndSystem = 14;
  constexpr std::size_t kRFactor = 20;
  constexpr std::size_t kMosListening = 22;
  constexpr std::size_t kMosConversational = 23;
  if (!block.has(kWords)) return false;
  const std::byte* at = block.body.data();
  out.voip_metrics.push_back({.reporter = block.reporter,
                              .source = block.word(0),
                              .loss_rate = load_u8(at + kLossRate),
                              .discard_rate = load_u8(at + kDiscardRate),
                              .round_trip_ms = load_be16(at + kRoundTrip),
                              .end_system_ms = load_be16(at + kEndSystem),
                              .r_factor = load_u8(at + kRFactor),
                              .mos_listening = load_u8(at + kMosListening),
                              .mos_conversational = load_u8(at + kMosConversational)});
  return true;
}

bool read_xr_block(const ReportBlock& block, RtcpReports& out) {
  switch (block.type) {
    case kReferenceTime:
      return read_reference_time(block, out);
    case kDelays:
      return read_delays(block, out);
    case kStatistics:
      return read_statistics(block, out);
    case kVoip:
      return read_voip(block, out);
    default:
      return true;
  }
}

}  // namespace

std::optional<Defect> read_extended_report(Bytes body, RtcpReports& out) {
  if (body.size() < kXrWord) return Defect::kRtcpBadReport;
  ReportBlock block{.reporter = load_be32(body.data()), .body = {}};
  body = body.subspan(kXrWord);
  while (!body.empty()) {
    block.type = load_u8(body.data());  // bodies are whole words
    block.flags = load_u8(body.data() + 1);
    const std::size_t size = (std::size_t{load_be16(body.data() + 2)} + 1) * kXrWord;
    if (size > body.size()) return Defect::kRtcpBadBlock;
    block.body = body.subspan(kXrWord, size - kXrWord);
    body = body.subspan(size);
    if (!read_xr_block(block, out)) return Defect::kRtcpBadBlock;
  }
  return {};
}

}  // namespace koegura::capture
