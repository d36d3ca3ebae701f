#include "keeping.h"

#include <algorithm>
#include <utility>

#include "quantity_text.h"
#include "status_report.h"
#include "stretch.h"
#include "text_width.h"
#include "time_text.h"

namespace koegura::tools {

namespace {

constexpr double kSlowSync = 1;  // seconds: as long as packets wait before they are written anyway
constexpr Duration kTold = std::chrono::hours(24);  // what a start found is told for so long
constexpr Duration kStepTold = std::chrono::minutes(10);
constexpr double kVeryFewDays = 7;
constexpr std::size_t kProblemsNamed = 2;

Finding finding_of(const RecorderView& now, std::string id, Severity severity) {
  return {.id = std::move(id),
          .source = {},
          .severity = severity,
          .what = {},
          .blame = {},
          .since = now.tap.at};
}

std::string why(const std::string& error) {
  return error.empty() ? "" : " (" + printable(error) + ")";
}

// How long the memory for packets that wait still lasts.
std::string room_left(const RecorderView& now) {
  const std::uint64_t waiting = now.tap.capture.spool.waiting_bytes;
  if (waiting >= now.spool_buffer_bytes) return "there is no room for more: packets are being lost";
  const std::uint64_t room = now.spool_buffer_bytes - waiting;
  std::string text = "there is room for " + bytes_text(room) + " more";
  if (now.spool_bytes_per_s >= 1) {
    const double seconds = static_cast<double>(room) / now.spool_bytes_per_s;
    constexpr double kLong = 365.0 * 86400;
    if (seconds < kLong) {
      text +=
          ", " +
          lasting(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds))) +
          " at this rate";
    }
  }
  return text + ", and then packets are lost";
}

void find_refusal(const RecorderView& now, std::vector<Finding>& findings) {
  if (!now.tap.spool.refused) return;
  Finding finding = finding_of(now, "spool_refused", Severity::kAlarm);
  finding.what = "the disk refuses the spool" + why(now.tap.spool.last_error) + ": " +
                 bytes_text(now.tap.capture.spool.waiting_bytes) + " wait in memory, " +
                 room_left(now);
  finding.blame =
      "the disk of the archive is full, read-only or failing: df -h, dmesg and smartctl -a tell "
      "which; make space or replace it. What waits is written as soon as the disk takes it: do not "
      "restart the recorder before";
  findings.push_back(std::move(finding));
}

void find_slowness(const RecorderView& now, std::vector<Finding>& findings) {
  const std::uint64_t waiting = now.tap.capture.spool.waiting_bytes;
  const bool filling = now.spool_buffer_bytes > 0 && waiting > now.spool_buffer_bytes / 2;
  const bool slow = now.tap.spool.sync_s > kSlowSync;
  if (now.tap.spool.refused || (!filling && !slow)) return;
  Finding finding = finding_of(now, "slow_disk", filling ? Severity::kAlarm : Severity::kNotice);
  finding.what = "the spool's disk took " + decimal_text(now.tap.spool.sync_s, 1) +
                 " s for its last sync, " + bytes_text(waiting) + " wait in memory";
  if (filling) finding.what += ": " + room_left(now);
  finding.blame =
      "something else keeps the disk busy, or it is failing: iotop and iostat -x 1 tell what, "
      "smartctl -a whether; nothing is lost as long as it waits in memory (spool.buffer_size)";
  findings.push_back(std::move(finding));
}

void find_full_disk(const RecorderView& now, std::vector<Finding>& findings) {
  if (now.finisher.disk_refusal.empty()) return;
  Finding finding = finding_of(now, "disk_full", Severity::kAlarm);
  finding.what = "nothing is archived: " + printable(now.finisher.disk_refusal) + "; " +
                 plural(now.finisher.waiting, "call") + " wait" +
                 (now.finisher.waiting == 1 ? "s" : "") + ", safe in the spool (" +
                 bytes_text(now.tap.spool.bytes) + ")";
  finding.blame =
      "free space on the archive's disk, or give it a larger one: what waits is archived by itself "
      "then. Nothing archived is ever deleted for space; recording goes on into the reserve "
      "(archive.reserve, " +
      bytes_text(now.reserve_bytes) + ")";
  findings.push_back(std::move(finding));
}

void find_index(const RecorderView& now, std::vector<Finding>& findings) {
  if (!now.rebuild || now.rebuild->is_over) return;
  Finding finding = finding_of(now, "index_rebuilding", Severity::kAlarm);
  finding.what = "the index is damaged, and ";
  if (!now.rebuild->refusal.empty()) {
    finding.what += "cannot be rebuilt yet: " + printable(now.rebuild->refusal);
    finding.blame = "put right what the message names: it is tried again each minute. ";
  } else {
    finding.what += "is being rebuilt from the call files: ";
    finding.what += now.rebuild->total == 0 ? "they are being counted"
                                            : count_text(now.rebuild->done) + " of " +
                                                  count_text(now.rebuild->total) + " read";
  }
  finding.what += "; no call can be found until then, and " + plural(now.finisher.waiting, "call") +
                  " wait" + (now.finisher.waiting == 1 ? "s" : "") + ", safe in the spool (" +
                  bytes_text(now.tap.spool.bytes) + ")";
  finding.blame +=
      "Recording goes on, and what waits is archived by itself then; a restart goes on with the "
      "rebuild. The disk forgets: look at smartctl -a and dmesg, and replace it";
  findings.push_back(std::move(finding));
}

void find_incomplete_index(const RecorderView& now, std::vector<Finding>& findings) {
  if (!now.rebuild || !now.rebuild->is_over || now.rebuild->problems == 0) return;
  Finding finding = finding_of(now, "index_incomplete", Severity::kAlarm);
  finding.what = plural(now.rebuild->problems, "file") +
                 " could not be read when the index was rebuilt, the first: " +
                 printable(now.rebuild->first_problem);
  finding.blame =
      "calls whose files they are cannot be found: put the files back from a copy, then stop the "
      "recorder for a koegura reindex; look at smartctl -a and dmesg, and replace the disk";
  findings.push_back(std::move(finding));
}

void find_filling_disk(const RecorderView& now, std::vector<Finding>& findings) {
  if (!now.archive || !now.finisher.disk_refusal.empty()) return;
  const Status status = status_of("", *now.archive);
  if (status.bytes_per_day() <= 0) return;
  // Of a small disk the archive keeps at most half.
  const std::uint64_t reserve = std::min(now.reserve_bytes, now.archive->disk_total_bytes / 2);
  const double room = status.disk_free_bytes() - static_cast<double>(reserve);
  const double days = room > 0 ? room / status.bytes_per_day() : 0;
  if (days >= kFewDays) return;
  Finding finding =
      finding_of(now, "disk_filling", days < kVeryFewDays ? Severity::kAlarm : Severity::kNotice);
  finding.what = "the archive's disk is full in about " +
                 plural(static_cast<std::uint64_t>(days), "day") + ": " +
                 bytes_text(now.archive->disk_free_bytes) + " free, " +
                 bytes_text(static_cast<std::uint64_t>(status.bytes_per_day())) + " a day";
  finding.blame =
      "give the archive a larger disk, or see in df -h what else is on this one; nothing is "
      "deleted for space, and nothing is archived once it is full";
  findings.push_back(std::move(finding));
}

void find_failed_calls(const RecorderView& now, std::vector<Finding>& findings) {
  if (now.finisher.failed == 0) return;
  Finding finding = finding_of(now, "calls_failed", Severity::kAlarm);
  finding.what = plural(now.finisher.failed, "call") +
                 " could not be archived, the first: " + printable(now.finisher.first_error);
  finding.blame =
      "their packets are kept in the spool, and the next start of the recorder tries them again: "
      "put right what the message names, then restart it (systemctl restart koegura)";
  findings.push_back(std::move(finding));
}

void find_damage(const RecorderView& now, std::vector<Finding>& findings) {
  if (now.scrub.damaged() < 1) return;
  Finding finding = finding_of(now, "damaged_calls", Severity::kAlarm);
  finding.what = plural(static_cast<std::uint64_t>(now.scrub.damaged()), "archived call") +
                 " cannot be read as archived";
  if (!now.scrub.damaged_calls().empty()) {
    const DamagedCall& first = now.scrub.damaged_calls(0);
    finding.what += ", the first: " + printable(first.path()) + ": " + printable(first.why());
  }
  finding.blame =
      "the archive's disk is failing, or somebody changed the files: koegura verify lists them; "
      "put "
      "them back from a copy, look at smartctl -a and dmesg, and replace the disk";
  findings.push_back(std::move(finding));
}

void find_retention(const RecorderView& now, std::vector<Finding>& findings) {
  const RetentionStatus& retention = now.retention;
  const bool is_due = retention.due() > 0 && !retention.automatic();
  if (!is_due && retention.problem().empty()) return;
  Finding finding = finding_of(now, "retention_due", Severity::kNotice);
  if (!retention.problem().empty()) {
    finding.what = "calls whose time is over cannot be erased: " + printable(retention.problem());
    finding.blame = "put right what the message names: it is tried again once a day";
  } else {
    finding.what = plural(static_cast<std::uint64_t>(retention.due()), "call") +
                   (retention.due() == 1 ? " is" : " are") + " due to be erased";
    finding.blame =
        "the manager approves it: koegura retention show tells what goes and why, koegura "
        "retention run erases it";
  }
  findings.push_back(std::move(finding));
}

void find_directory(const RecorderView& now, std::vector<Finding>& findings) {
  if (!now.archive || now.archive->directory_problem.empty()) return;
  Finding finding = finding_of(now, "directory_unreadable", Severity::kNotice);
  finding.what = printable(now.archive->directory_problem) +
                 ": calls are archived with the names of the last directory that could be read";
  finding.blame =
      "somebody edited the file, or the disk is failing: koegura directory list says what is "
      "wrong; correct it, or put a copy back. Calls archived meanwhile keep the names they got";
  findings.push_back(std::move(finding));
}

void find_ledger(const RecorderView& now, std::vector<Finding>& findings) {
  if (!now.archive || now.archive->ledger_problem.empty()) return;
  if (now.archive->ledger_refused) {
    Finding finding = finding_of(now, "ledger_refused", Severity::kAlarm);
    finding.what = printable(now.archive->ledger_problem) + ". Calls are archived without it";
    finding.blame =
        "somebody changed DIR/ledger, or the disk forgets: keep the folder as it is for whoever "
        "looks into it, then do as the message says and restart the recorder (systemctl restart "
        "koegura), which enters the calls archived meanwhile";
    findings.push_back(std::move(finding));
    return;
  }
  Finding finding = finding_of(now, "ledger_behind", Severity::kNotice);
  finding.what = "the ledger cannot be written: " + printable(now.archive->ledger_problem) +
                 ": calls are archived, and entered once it can";
  finding.blame =
      "the archive's disk is full or failing, or somebody changed DIR/ledger: look at the message, "
      "df and dmesg";
  findings.push_back(std::move(finding));
}

// What the start found, for a day.
void find_recovery(const RecorderView& now, std::vector<Finding>& findings) {
  const capture::RecoverySnapshot& recovery = now.tap.recovery;
  if (now.tap.at - now.tap.started > kTold) return;
  if (is_set(recovery.from)) {
    Finding finding = finding_of(now, "recovered", Severity::kNotice);
    finding.since = now.tap.started;
    finding.what = "nothing was recorded from " + local_time(recovery.from) + " to " +
                   local_time(now.tap.started) +
                   ": the recorder was stopped, killed or without power";
    finding.blame =
        "calls that were in progress then say so in their timeline; if nobody stopped it, "
        "journalctl "
        "-u koegura -b -1 and the power supply tell why";
    findings.push_back(std::move(finding));
  }
  if (recovery.damaged_bytes == 0 && recovery.problems.empty()) return;
  Finding finding = finding_of(now, "spool_damaged", Severity::kNotice);
  finding.since = now.tap.started;
  finding.what =
      bytes_text(recovery.damaged_bytes) + " of the spool could not be read at the start";
  for (std::size_t i = 0; i < recovery.problems.size() && i < kProblemsNamed; ++i) {
    finding.what += (i == 0 ? ": " : "; ") + printable(recovery.problems[i]);
  }
  finding.blame =
      "the last second before a power cut may end within a packet; if it is more than that, or "
      "there was none, the disk is failing: smartctl -a, dmesg";
  findings.push_back(std::move(finding));
}

void find_clock_step(const RecorderView& now, std::vector<Finding>& findings) {
  if (now.tap.clock_steps.empty()) return;
  const capture::ClockStep& step = now.tap.clock_steps.back();
  if (now.tap.at - step.at > kStepTold) return;
  Finding finding = finding_of(now, "clock", Severity::kNotice);
  finding.since = step.at;
  const bool back = step.by < Duration{};
  finding.what = std::string("the clock was set ") + (back ? "back" : "forwards") + " by " +
                 decimal_text(to_seconds(back ? -step.by : step.by), 1) + " s, to " +
                 local_time(step.at + now.tap.wall_offset);
  finding.blame =
      "somebody set it, or it was far off when it was first synchronised: calls that went on are "
      "whole, but the times of those before may be wrong by so much; keep the clock with chrony";
  findings.push_back(std::move(finding));
}

}  // namespace

std::vector<Finding> judge_keeping(const RecorderView& now) {
  std::vector<Finding> findings;
  find_refusal(now, findings);
  find_slowness(now, findings);
  find_full_disk(now, findings);
  find_index(now, findings);
  find_incomplete_index(now, findings);
  find_filling_disk(now, findings);
  find_failed_calls(now, findings);
  find_damage(now, findings);
  find_retention(now, findings);
  find_directory(now, findings);
  find_ledger(now, findings);
  find_recovery(now, findings);
  find_clock_step(now, findings);
  return findings;
}

}  // namespace koegura::tools
