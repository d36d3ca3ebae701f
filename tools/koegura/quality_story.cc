#include "quality_story.h"

#include <algorithm>

#include "quantity_text.h"

namespace koegura::tools {

namespace {

constexpr double kPercent = 100;

std::string ms_text(double ms, unsigned places = 1) {
  return decimal_text(ms, places) + " ms";
}

std::string speech_text(const Stream& stream) {
  if (stream.talk_s() <= 0 && stream.silence_ratio() <= 0) return {};  // not measured
  if (stream.talk_s() <= 0) return "silent all the time";
  std::string text = "speech " + decimal_text(stream.talk_s(), 1) + " s (" +
                     decimal_text(kPercent * (1 - stream.silence_ratio()), 0) + " %) at " +
                     decimal_text(stream.level_dbov(), 1) + " dBov";
  if (stream.clipping() > 0) {
    text += ", " + decimal_text(kPercent * stream.clipping(), 2) + " % of the samples clipped";
  }
  return text;
}

std::string delay_text(const Stream& stream) {
  if (stream.delay_variation_max_ms() <= 0) return {};
  return "delay varies by " + ms_text(stream.delay_variation_p50_ms()) + " (median), " +
         ms_text(stream.delay_variation_p95_ms()) + " (95 %), " +
         ms_text(stream.delay_variation_max_ms()) + " at most";
}

std::string burst_text(const Stream& stream) {
  if (stream.longest_loss() <= 1) return {};
  return "up to " + plural(stream.longest_loss(), "packet") + " lost in a row, burst ratio " +
         decimal_text(stream.burst_ratio(), 1);
}

std::string reports_text(const StreamReports& reports) {
  std::vector<std::string> parts;
  if (reports.sender_reports() > 0) {
    parts.push_back(plural(reports.packets_sent(), "packet") + " sent by the last report");
  }
  if (reports.reception_reports() > 0) {
    const auto lost = static_cast<std::uint64_t>(std::max(reports.lost(), 0));
    parts.push_back("the receiver missed " + (lost > 0 ? count_text(lost) : "none"));
    parts.push_back("its jitter " + ms_text(reports.jitter_ms()));
  }
  if (reports.round_trip_ms() > 0) {
    parts.push_back("round trip from here " + ms_text(reports.round_trip_ms(), 0));
  }
  if (reports.discarded_pct() > 0) {
    parts.push_back(decimal_text(reports.discarded_pct(), 1) + " % too late for it");
  }
  if (reports.mos() > 0) parts.push_back("its own MOS " + decimal_text(reports.mos(), 1));
  return parts.empty() ? std::string() : "RTCP: " + joined(parts);
}

std::string losses_text(const LossShares& losses) {
  std::vector<std::string> parts;
  const auto tell = [&](std::uint32_t packets, const char* where) {
    if (packets > 0) parts.push_back(count_text(packets) + ' ' + where);
  };
  tell(losses.network(), "on the network");
  tell(losses.tap(), "on the way to the recorder alone");
  tell(losses.sender(), "never sent");
  const bool known = !parts.empty();
  tell(losses.unknown(), "nobody knows where");
  return known ? "missing: " + joined(parts) : std::string();
}

}  // namespace

std::vector<std::string> stream_quality_lines(const Stream& stream) {
  std::vector<std::string> lines;
  for (std::string text : {speech_text(stream), delay_text(stream), burst_text(stream),
                           reports_text(stream.reports()), losses_text(stream.losses())}) {
    if (!text.empty()) lines.push_back(std::move(text));
  }
  return lines;
}

std::string one_way_text(const Quality& quality) {
  if (quality.one_way().empty()) return {};
  return "the " + quality.one_way() + " was never heard: no packet of that side came";
}

std::string conversation_quality_text(const Quality& quality) {
  std::vector<std::string> parts;
  if (quality.double_talk_s() > 0) {
    parts.push_back("both spoke at once for " + decimal_text(quality.double_talk_s(), 1) + " s");
  }
  if (quality.round_trip_ms() > 0) {
    parts.push_back("round trip " + ms_text(quality.round_trip_ms(), 0));
  }
  return joined(parts);
}

std::string lost_by_text(std::string_view lost_by) {
  if (lost_by == "network") return "lost on the network: the receiver missed it, too";
  if (lost_by == "tap") return "lost on the way to the recorder: the receiver had it";
  if (lost_by == "sender") return "never sent: the sender left these numbers out";
  return {};
}

}  // namespace koegura::tools
