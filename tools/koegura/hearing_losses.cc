// What came to the box and is lost, and what cannot be as it is told.
#include <algorithm>
#include <utility>

#include "memory_limits.h"
#include "quantity_text.h"
#include "stretch.h"
#include "time_text.h"

namespace koegura::tools {

namespace {

using capture::Drop;
using std::chrono::seconds;

// Below kAudibleShare a loss is told, but raises no alarm: a box that has just been started may
// lose a few. A burst of a thousand frames is an alarm in any stretch.
constexpr std::uint64_t kLossBurst = 1000;
// A frame that is cut is one that the wire damaged; hundreds are cut by a rule.
constexpr std::uint64_t kFewTruncated = 100;
constexpr std::uint64_t kTruncatedShare = 100;
// A snapshot is at most a second old, a card's clock a few milliseconds off.
constexpr Duration kClockTolerance = seconds(5);

constexpr const char* kHeldUp =
    "the signalling thread was held up: keep other programs off the box's CPUs or give it one "
    "more, and see in koegura top whether a flood of SIP comes";

Severity severity_of(std::uint64_t lost, std::uint64_t received) {
  const bool audible = lost >= kLossBurst || lost * kAudibleShare >= lost + received;
  return audible ? Severity::kAlarm : Severity::kNotice;
}

Finding finding_of(const Stretch& stretch, std::string id, const Port& port) {
  return {.id = std::move(id),
          .source = port.name,
          .what = {},
          .blame = {},
          .since = stretch.before->at};
}

std::string of_all(const Stretch& stretch, std::uint64_t lost, std::uint64_t received) {
  return share_text(lost, lost + received) + " of the last " + lasting(stretch.length());
}

void find_lost_frames(const Stretch& stretch, const Port& port, std::vector<Finding>& findings) {
  if (port.lost_ring > 0) {
    Finding finding = finding_of(stretch, "ring_losses", port);
    finding.severity = severity_of(port.lost_ring, port.frames);
    finding.what = plural(port.lost_ring, "frame") + " lost because the capture's ring was full, " +
                   of_all(stretch, port.lost_ring, port.frames);
    finding.blame =
        "the recorder was too slow for a burst: raise live.ring_size in koegura.toml (DPDK: "
        "dpdk.buffers); see in koegura top and iostat whether a CPU is full or the spool's disk "
        "slow";
    findings.push_back(std::move(finding));
  }
  if (port.lost_interface > 0) {
    Finding finding = finding_of(stretch, "interface_losses", port);
    finding.severity = severity_of(port.lost_interface, port.frames);
    finding.what = plural(port.lost_interface, "frame") +
                   " lost by the network card or its driver, " +
                   of_all(stretch, port.lost_interface, port.frames);
    finding.blame = "the card's own ring is too small: ethtool -g " + port.name +
                    " shows its maximum, ethtool -G " + port.name +
                    " rx N sets it; koegura doctor does the sum";
    findings.push_back(std::move(finding));
  }
}

void find_drops(const Stretch& stretch, const Port& port, std::vector<Finding>& findings) {
  std::uint64_t total = 0;
  std::string reasons;
  for (std::size_t i = 0; i < capture::kDropCount; ++i) {
    if (static_cast<Drop>(i) == Drop::kSpoolFull || port.dropped[i] == 0) continue;
    total += port.dropped[i];
    reasons += (reasons.empty() ? "" : ", ") + std::string(name_of(static_cast<Drop>(i))) + ' ' +
               count_text(port.dropped[i]);
  }
  if (total == 0) return;
  Finding finding = finding_of(stretch, "hand_off_drops", port);
  finding.severity = severity_of(total, port.frames);
  finding.what = plural(total, "frame") + " dropped between the recorder's threads (" + reasons +
                 "), " + of_all(stretch, total, port.frames);
  finding.blame = kHeldUp;
  findings.push_back(std::move(finding));
}

std::uint64_t since(std::uint64_t before, std::uint64_t now) {
  return now - std::min(before, now);
}

// SIP over TCP, whose frames are counted as SIP where they came in.
void find_lost_messages(const Stretch& stretch, std::vector<Finding>& findings) {
  const std::uint64_t lost =
      since(stretch.before->capture.messages_lost, stretch.now->capture.messages_lost);
  if (lost == 0) return;
  Finding finding = finding_of(stretch, "hand_off_drops", stretch.all);
  finding.what = plural(lost, "SIP message") +
                 " over TCP dropped between the recorder's threads in the last " +
                 lasting(stretch.length());
  finding.blame = kHeldUp;
  findings.push_back(std::move(finding));
}

// One finding for all: what meets one bound often meets others.
void find_limits(const Stretch& stretch, std::vector<Finding>& findings) {
  Finding finding = finding_of(stretch, "limit_hit", stretch.all);
  finding.severity = Severity::kNotice;
  for (const Limit& limit : all_limits()) {
    const std::uint64_t hits =
        since(stretch.before->capture.limits.*limit.hits, stretch.now->capture.limits.*limit.hits);
    if (hits == 0) continue;
    finding.what += (finding.what.empty() ? "" : ", ") + limit_text(limit, hits);
    if (limit.loses) finding.severity = Severity::kAlarm;
  }
  if (finding.what.empty()) return;
  finding.what += ", in the last " + lasting(stretch.length());
  finding.blame =
      "somebody floods the network (koegura top shows what comes, tcpdump who sends it), or the "
      "system is larger than the settings in brackets allow: raise them in koegura.toml";
  findings.push_back(std::move(finding));
}

}  // namespace

void find_losses(const Stretch& stretch, std::vector<Finding>& findings) {
  find_lost_messages(stretch, findings);
  find_limits(stretch, findings);
  for (const Port& port : stretch.ports) {
    find_lost_frames(stretch, port, findings);
    find_drops(stretch, port, findings);
  }
  const std::uint64_t refused = stretch.all.dropped[static_cast<std::size_t>(Drop::kSpoolFull)];
  // A write that the disk refuses is tried again, and the packets wait: spool_refused tells it.
  if (refused == 0) return;
  Finding finding = finding_of(stretch, "spool_full", stretch.all);
  finding.what = plural(refused, "packet") + " of calls lost in the last " +
                 lasting(stretch.length()) +
                 ": the disk did not take them, and the memory for what waits was full";
  finding.blame =
      "the disk of the archive is full, failing or too slow: df -h, dmesg and iostat -x 1 tell "
      "which; a larger spool.buffer_size bridges a longer pause of the disk";
  findings.push_back(std::move(finding));
}

namespace {

void find_failure(const Stretch& stretch, const Port& port, std::vector<Finding>& findings) {
  if (port.error.empty()) return;
  Finding finding = finding_of(stretch, "source_failed", port);
  finding.what = "gives no more frames: " + port.error;
  finding.blame = "bring the interface up again (ip link set " + port.name +
                  " up), look at its driver's last words (dmesg), then restart the recorder";
  if (is_set(port.last_frame)) finding.since = port.last_frame;
  findings.push_back(std::move(finding));
}

void find_truncation(const Stretch& stretch, const Port& port, std::vector<Finding>& findings) {
  if (port.truncated < kFewTruncated || port.truncated * kTruncatedShare < port.frames) return;
  Finding finding = finding_of(stretch, "truncated_frames", port);
  finding.what = plural(port.truncated, "frame") + " cut off before the end of the packet, " +
                 share_text(port.truncated, port.frames) + " of all";
  finding.blame =
      "the mirror shortens frames (Cisco NX-OS: no mtu in monitor session 1; Arista: no monitor "
      "session 1 truncate; Juniper: no maximum-packet-length), or we do: live.snapshot_length in "
      "koegura.toml; or the interface's MTU is too small for tags and tunnels (ip link set " +
      port.name + " mtu 9000)";
  findings.push_back(std::move(finding));
}

void find_wrong_clock(const Stretch& stretch, const Port& port, std::vector<Finding>& findings) {
  if (port.frames == 0 || !is_set(port.last_frame)) return;
  const bool future = port.last_frame > stretch.now->at + kClockTolerance;
  // Frames came in this stretch, and yet the newest is stamped before it.
  const bool past = port.last_frame < stretch.before->at - kClockTolerance;
  if (!future && !past) return;
  Finding finding = finding_of(stretch, "clock", port);
  finding.what =
      "frames are stamped " +
      lasting(future ? port.last_frame - stretch.now->at : stretch.before->at - port.last_frame) +
      (future ? " in the future" : " in the past") + ": the newest " + local_time(port.last_frame) +
      ", the time now " + local_time(stretch.now->at);
  finding.blame =
      "the box's clock was set while recording, or the card's own clock stamps frames and is not "
      "tied to it (phc2sys): keep the clock with chrony, and restart the recorder";
  findings.push_back(std::move(finding));
}

}  // namespace

void find_defects(const Stretch& stretch, std::vector<Finding>& findings) {
  for (const Port& port : stretch.ports) {
    find_failure(stretch, port, findings);
    find_wrong_clock(stretch, port, findings);
    find_truncation(stretch, port, findings);
  }
  if (stretch.now->imbalance.empty()) return;
  Finding finding = finding_of(stretch, "imbalance", stretch.all);
  finding.what = "the accounting does not hold: " + stretch.now->imbalance;
  finding.blame =
      "this is a defect of Koegura, not of the network: report it with the output of koegura "
      "status --json";
  findings.push_back(std::move(finding));
}

}  // namespace koegura::tools
