#include "status_keeping.h"

#include "json.h"
#include "quantity_text.h"
#include "status_report.h"
#include "status_text.h"
#include "terminal.h"
#include "text_width.h"
#include "time_text.h"

namespace koegura::tools {

namespace {

constexpr double kNoticedWaiting = 1e6;  // bytes: less is between two looks of the writer
constexpr double kLongCall = 10;         // seconds in work

std::string time_text_of(const google::protobuf::Timestamp& time) {
  return local_time(time_of(time));
}

void add(std::vector<std::string>& lines, std::string_view label, const std::string& text,
         Colour colour = Colour::kPlain) {
  lines.push_back(status_line(label, coloured(colour, text)));
}

void add_recovery(std::vector<std::string>& lines, const RecoveryStatus& recovery) {
  const std::string what =
      plural_of(recovery.segments(), "segment") + ", " + bytes_of(recovery.bytes());
  if (!recovery.done()) {
    add(lines, "recovering", "reading what the last recorder left in the spool: " + what,
        Colour::kYellow);
    return;
  }
  add(lines, "recovered",
      what + ", " + plural_of(recovery.packets(), "packet") + " in " +
          decimal_text(recovery.seconds(), 1) + " s; " + plural_of(recovery.legs(), "call") +
          " went on");
  if (recovery.has_from()) {
    add(lines, "",
        "nothing was recorded from " + time_text_of(recovery.from()) + " to " +
            time_text_of(recovery.to()));
  }
  if (recovery.damaged_bytes() > 0) {
    add(lines, "", bytes_of(recovery.damaged_bytes()) + " could not be read", Colour::kYellow);
  }
  for (const std::string& problem : recovery.problems()) {
    add(lines, "", "  " + printable(problem), Colour::kYellow);
  }
}

void add_spool(std::vector<std::string>& lines, const SpoolStatus& spool) {
  if (spool.segments() == 0 && spool.waiting_bytes() == 0) return;
  std::string text = plural_of(spool.segments(), "segment") + ", " + bytes_of(spool.bytes()) +
                     "; synced in " + decimal_text(spool.sync_s(), 2) + " s, the slowest " +
                     decimal_text(spool.slowest_sync_s(), 2) + " s";
  const bool waits = spool.waiting_bytes() >= kNoticedWaiting;
  if (waits || spool.refused()) {
    text += "; " + bytes_of(spool.waiting_bytes()) + " of " + bytes_of(spool.buffer_bytes()) +
            " wait in memory";
  }
  if (spool.refused()) text += ": the disk refuses them";
  add(lines, "spool", text,
      spool.refused() ? Colour::kRed : (waits ? Colour::kYellow : Colour::kPlain));
}

void add_backlog(std::vector<std::string>& lines, const RecorderStatus& recorder) {
  const BacklogStatus& backlog = recorder.backlog();
  const double waiting = recorder.calls().waiting();
  const std::string& refusal =
      backlog.disk_refusal().empty() ? backlog.index_refusal() : backlog.disk_refusal();
  if (waiting == 0 && refusal.empty()) return;
  std::string text =
      plural_of(waiting, "call") + (waiting == 1 ? " waits" : " wait") + " to be archived";
  if (backlog.busiest_s() >= kLongCall) {
    text += ", one has been in work for " + decimal_text(backlog.busiest_s(), 0) + " s";
  }
  if (!refusal.empty()) text += ": " + printable(refusal);
  add(lines, "backlog", text, refusal.empty() ? Colour::kPlain : Colour::kRed);
}

void add_scrub(std::vector<std::string>& lines, const ScrubStatus& scrub) {
  if (scrub.calls() == 0 && scrub.damaged() == 0 && scrub.error().empty()) return;
  std::string text;
  if (scrub.has_last_pass_ended()) {
    text = "every call was read again by " + time_text_of(scrub.last_pass_ended());
  } else {
    text = "first pass, " + plural_of(scrub.calls(), "call") + " read again";
  }
  if (scrub.damaged() > 0) text += "; " + count_of(scrub.damaged()) + " damaged";
  if (!scrub.error().empty()) text += "; it does not go on: " + printable(scrub.error());
  const bool bad = scrub.damaged() > 0 || !scrub.error().empty();
  add(lines, "scrub", text, bad ? Colour::kRed : Colour::kPlain);
}

void add_retention(std::vector<std::string>& lines, const RetentionStatus& retention) {
  std::string text;
  if (retention.has_erased_at()) {
    text =
        plural_of(retention.erased(), "call") + " erased at " + time_text_of(retention.erased_at());
  }
  const auto tell = [&](const std::string& more) { text += (text.empty() ? "" : "; ") + more; };
  if (!retention.problem().empty()) tell("it does not go on: " + printable(retention.problem()));
  if (!retention.refusal().empty()) tell("nothing is erased: " + printable(retention.refusal()));
  if (retention.due() > 0) {
    tell(plural_of(retention.due(), "call") + (retention.due() == 1 ? " is" : " are") +
         " due: `koegura retention run`");
  }
  if (!retention.delay().empty()) tell(printable(retention.delay()));
  if (text.empty()) text = "no call is due";
  const bool is_bad = !retention.problem().empty();
  const bool is_notable = retention.due() > 0 || !retention.delay().empty();
  add(lines, "retention", text,
      is_bad ? Colour::kRed : (is_notable ? Colour::kYellow : Colour::kPlain));
}

void add_clock(std::vector<std::string>& lines, const RecorderStatus& recorder) {
  if (recorder.clock_steps().empty()) return;
  const ClockStep& last = *recorder.clock_steps().rbegin();
  const double by = last.by_s();
  std::string text = "set " + std::string(by < 0 ? "back" : "forwards") + " by " +
                     decimal_text(by < 0 ? -by : by, 3) + " s at " + time_text_of(last.at());
  if (recorder.clock_steps_size() > 1) {
    text += ", " + std::to_string(recorder.clock_steps_size()) + " times since the start";
  }
  add(lines, "clock", text, Colour::kYellow);
}

void add_threads(std::vector<std::string>& lines, const RecorderStatus& recorder) {
  for (const ThreadStatus& thread : recorder.threads()) {
    if (thread.silent_s() <= thread.limit_s()) continue;
    add(lines, "threads",
        printable(thread.name()) + " is stuck: silent for " + decimal_text(thread.silent_s(), 0) +
            " s",
        Colour::kRed);
  }
}

}  // namespace

std::vector<std::string> keeping_lines(const RecorderStatus& recorder) {
  std::vector<std::string> lines;
  if (recorder.has_recovery()) add_recovery(lines, recorder.recovery());
  add_spool(lines, recorder.spool());
  add_backlog(lines, recorder);
  if (recorder.has_scrub()) add_scrub(lines, recorder.scrub());
  if (recorder.has_retention()) add_retention(lines, recorder.retention());
  add_clock(lines, recorder);
  add_threads(lines, recorder);
  return lines;
}

std::string waiting_text(const RecorderStatus& recorder) {
  std::string text;
  if (recorder.has_recovery() && !recorder.recovery().done()) text = "reading the spool";
  if (recorder.spool().waiting_bytes() >= kNoticedWaiting || recorder.spool().refused()) {
    text +=
        (text.empty() ? "" : ", ") + bytes_of(recorder.spool().waiting_bytes()) + " wait in memory";
  }
  if (!recorder.backlog().disk_refusal().empty()) {
    text += (text.empty() ? "" : ", ") + std::string("nothing is archived: the disk is full");
  }
  if (!recorder.backlog().index_refusal().empty()) {
    text +=
        (text.empty() ? "" : ", ") + std::string("nothing is archived: the index is being rebuilt");
  }
  return text;
}

}  // namespace koegura::tools
