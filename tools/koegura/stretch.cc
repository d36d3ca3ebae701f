#include "stretch.h"

#include <algorithm>

#include "quantity_text.h"

namespace koegura::tools {

namespace {

using capture::Accounting;
using capture::Defect;
using capture::Outcome;
using capture::SourceSnapshot;

std::string port_of(const std::string& source) {
  return source.substr(0, source.find('/'));  // an interface's name has none
}

// A counter never goes back; should one do so, a difference of 2^64 would be an alarm by itself.
std::uint64_t growth(std::uint64_t before, std::uint64_t now) {
  return now > before ? now - before : 0;
}

std::uint64_t voip(const Accounting& accounting) {
  return accounting[Outcome::kSip] + accounting[Outcome::kRtp] + accounting[Outcome::kRtcp] +
         accounting[Outcome::kT38];
}

std::uint64_t truncated(const Accounting& accounting) {
  std::uint64_t sum = 0;
  for (const Defect defect : {Defect::kFrameTruncated, Defect::kIpTruncated, Defect::kUdpTruncated,
                              Defect::kTcpTruncated}) {
    sum += accounting.malformed[static_cast<std::size_t>(defect)];
  }
  return sum;
}

void add(Port& port, const SourceSnapshot& before, const SourceSnapshot& now) {
  if (port.error.empty()) port.error = now.error;
  port.last_frame = std::max(port.last_frame, now.last_frame);
  port.frames += growth(before.accounting.received, now.accounting.received);
  port.tagged += growth(before.vlan_tagged, now.vlan_tagged);
  port.voip += growth(voip(before.accounting), voip(now.accounting));
  port.duplicates +=
      growth(before.accounting[Outcome::kDuplicate], now.accounting[Outcome::kDuplicate]);
  port.truncated += growth(truncated(before.accounting), truncated(now.accounting));
  port.lost_ring += growth(before.losses.ring, now.losses.ring);
  port.lost_interface += growth(before.losses.interface, now.losses.interface);
  for (std::size_t i = 0; i < capture::kDropCount; ++i) {
    port.dropped[i] += growth(before.accounting.dropped[i], now.accounting.dropped[i]);
  }
  port.earlier_frames += before.accounting.received;
  port.earlier_tagged += before.vlan_tagged;
}

}  // namespace

Stretch stretch_between(const capture::TapSnapshot& before, const capture::TapSnapshot& now,
                        const HearingOptions& options) {
  Stretch stretch{.before = &before, .now = &now, .options = options, .ports = {}, .all = {}};
  for (const SourceSnapshot& source : now.sources) {
    const auto same_source =
        std::find_if(before.sources.begin(), before.sources.end(),
                     [&](const SourceSnapshot& earlier) { return earlier.name == source.name; });
    const SourceSnapshot earlier =
        same_source == before.sources.end() ? SourceSnapshot{} : *same_source;
    const std::string name = port_of(source.name);
    auto port = std::find_if(stretch.ports.begin(), stretch.ports.end(),
                             [&](const Port& known) { return known.name == name; });
    if (port == stretch.ports.end()) {
      stretch.ports.emplace_back().name = name;
      port = std::prev(stretch.ports.end());
    }
    add(*port, earlier, source);
    add(stretch.all, earlier, source);
  }
  return stretch;
}

bool is_set(Timestamp time) {
  return time != Timestamp{};
}

std::string lasting(Duration duration) {
  const auto seconds = static_cast<std::uint64_t>(std::max(to_seconds(duration), 0.0));
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 7200) return std::to_string(seconds / 60) + " min";
  if (seconds < 172800) return std::to_string(seconds / 3600) + " h";
  return std::to_string(seconds / 86400) + " days";
}

std::string share_text(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "0 %";
  const double percent = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  return decimal_text(percent, percent >= 1 ? 0 : 2) + " %";
}

}  // namespace koegura::tools
