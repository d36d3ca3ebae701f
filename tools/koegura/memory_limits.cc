#include "memory_limits.h"

#include <algorithm>
#include <array>

#include "quantity_text.h"
#include "status_report.h"
#include "terminal.h"

namespace koegura::tools {

namespace {

using capture::LimitHits;

// To add a bound: a member of LimitHits that counts what met it, and a row here.
constexpr std::array kLimits = {
    Limit{"legs", "signalling.max_legs", "SIP message", "of calls that could not be followed", true,
          &LimitHits::legs},
    Limit{"streams", "capture.max_streams", "RTP packet", "of streams that found no place", true,
          &LimitHits::streams},
    Limit{"fragments", "capture.max_datagrams_in_reassembly", "datagram",
          "in fragments given up before the last of them came", true, &LimitHits::fragments},
    Limit{"tcp_bytes", "tcp.max_buffered", "TCP connection",
          "given up in the middle of a SIP message", true, &LimitHits::tcp_bytes},
    Limit{"tcp_connections", "tcp.max_connections", "TCP connection", "forgotten for newer ones",
          false, &LimitHits::tcp_connections},
    Limit{"strangers", "capture.max_streams", "stream",
          "that no SIP claimed, given up before four packets came", false, &LimitHits::strangers},
    Limit{"leg_entries", "", "detail", "(digits, holds, streams) beyond one call's share", false,
          &LimitHits::leg_entries},
    Limit{"finished_legs", "signalling.max_legs", "call",
          "forgotten while its last message might come again", false, &LimitHits::finished_legs},
};

const Limit* limit_named(const std::string& name) {
  const auto* const found = std::find_if(kLimits.begin(), kLimits.end(),
                                         [&](const Limit& limit) { return limit.name == name; });
  return found == kLimits.end() ? nullptr : &*found;
}

}  // namespace

std::span<const Limit> all_limits() {
  return kLimits;
}

std::string limit_text(const Limit& limit, std::uint64_t hits) {
  std::string text = plural(hits, limit.noun) + ' ' + limit.beyond;
  if (*limit.setting != '\0') text += std::string(" (") + limit.setting + ')';
  return text;
}

void fill_limits(RecorderStatus& status, const capture::CaptureStats& stats) {
  for (const Limit& limit : kLimits) {
    const std::uint64_t hits = stats.limits.*limit.hits;
    if (hits == 0) continue;
    LimitStatus& out = *status.add_limits();
    out.set_name(limit.name);
    out.set_setting(limit.setting);
    out.set_hits(static_cast<double>(hits));
    out.set_lost(limit.loses);
  }
  status.set_messages_lost(static_cast<double>(stats.messages_lost));
}

std::vector<std::string> limit_lines(const RecorderStatus& recorder) {
  std::vector<std::string> lines;
  for (const LimitStatus& hit : recorder.limits()) {
    const Limit* const limit = limit_named(hit.name());
    if (limit == nullptr) continue;  // of a newer recorder
    const std::string text = limit_text(*limit, static_cast<std::uint64_t>(hit.hits()));
    lines.push_back(status_line(lines.empty() ? "limits" : "",
                                coloured(limit->loses ? Colour::kRed : Colour::kPlain, text)));
  }
  return lines;
}

}  // namespace koegura::tools
