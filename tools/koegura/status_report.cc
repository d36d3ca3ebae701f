#include "status_report.h"

#include <algorithm>

#include "accounting_report.h"
#include "json.h"
#include "memory_limits.h"
#include "quantity_text.h"
#include "status_keeping.h"
#include "status_text.h"
#include "terminal.h"
#include "text_width.h"
#include "time_text.h"

namespace koegura::tools {

namespace {

// Growth over less than a day says nothing about the next year.
constexpr double kLeastDays = 1;
constexpr double kManyDays = 3650;  // beyond any plan, and any rate's meaning
constexpr double kSecondsPerDay = 86400;

class StatusLines {
 public:
  void add(std::string_view label, const std::string& text, Colour colour = Colour::kPlain) {
    lines_.push_back(status_line(label, coloured(colour, text)));
  }
  [[nodiscard]] std::vector<std::string> take() { return std::move(lines_); }

 private:
  std::vector<std::string> lines_;
};

void add_hearing(StatusLines& lines, const RecorderStatus& recorder) {
  const HearingStatus& hearing = recorder.hearing();
  const bool is_deaf = std::any_of(recorder.findings().begin(), recorder.findings().end(),
                                   [](const FindingStatus& finding) { return finding.alarm(); });
  const bool hears_all = hearing.has_last_sip() && hearing.has_last_rtp() && !is_deaf;
  lines.add("hearing",
            hearing_text(hearing) + ": " + plural_of(hearing.streams(), "RTP stream") + " now, " +
                plural_of(hearing.legs(), "call") + " in progress, " + count_of(hearing.talking()) +
                " talking",
            hears_all ? Colour::kGreen : Colour::kPlain);
  for (const FindingStatus& finding : recorder.findings()) {
    std::string what = finding.alarm() ? "ALARM " : "notice ";
    if (!finding.source().empty()) what += printable(finding.source()) + ": ";
    what += printable(finding.what());
    if (finding.has_since()) what += ", since " + local_time(time_of(finding.since()));
    lines.add("", what, finding.alarm() ? Colour::kRed : Colour::kYellow);
    if (!finding.blame().empty()) lines.add("", "  " + printable(finding.blame()));
  }
}

void add_losing(StatusLines& lines, const RecorderStatus& recorder) {
  std::vector<std::string> losses;
  for (const SourceStatus& source : recorder.sources()) {
    const std::string name = printable(source.name()) + ": ";
    if (source.lost_ring() > 0) {
      losses.push_back(name + plural_of(source.lost_ring(), "frame") + " lost in the ring");
    }
    if (source.lost_interface() > 0) {
      losses.push_back(name + plural_of(source.lost_interface(), "frame") + " lost by the card");
    }
    const double dropped = total(source.frames().dropped());
    if (dropped > 0) losses.push_back(name + plural_of(dropped, "frame") + " dropped, see below");
    if (!source.error().empty()) losses.push_back(name + printable(source.error()));
  }
  if (recorder.messages_lost() > 0) {
    losses.push_back(plural_of(recorder.messages_lost(), "SIP message") +
                     " over TCP dropped between the recorder's threads");
  }
  if (recorder.calls().failed() > 0) {
    losses.push_back(plural_of(recorder.calls().failed(), "call") +
                     " failed, the first: " + printable(recorder.calls().first_failure()));
  }
  for (const std::string& problem : {recorder.spool_error(), recorder.imbalance()}) {
    if (!problem.empty()) losses.push_back(printable(problem));
  }
  if (losses.empty()) lines.add("losing", "nothing since the start", Colour::kGreen);
  for (std::size_t i = 0; i < losses.size(); ++i) {
    lines.add(i == 0 ? "losing" : "", losses[i], Colour::kRed);
  }
}

void add_source(StatusLines& lines, const SourceStatus& source, Timestamp now) {
  Accounting accounting;
  *accounting.mutable_frames() = source.frames();
  const std::string name = printable(source.name());
  // A long name gets a line of its own, so that the columns stay.
  const bool fits = width_of(name) < kLabelColumns;
  if (!fits) lines.add(name, "");
  lines.add(fits ? name : "", printable(accounting_lines(accounting).front()));
  std::string more = bytes_of(source.bytes()) + ", lost " + count_of(source.lost_ring()) +
                     " in the ring, " + count_of(source.lost_interface()) + " by the card";
  if (source.has_last_frame()) {
    const double ago = std::max(0.0, to_seconds(now - time_of(source.last_frame())));
    more += ", last frame " + (ago < 60 ? decimal_text(ago, 1) + " s" : uptime_text(ago)) + " ago";
  } else {
    more += ", no frame yet";
  }
  lines.add("", more);
}

void add_calls(StatusLines& lines, const Status& status) {
  std::string calls = count_of(status.calls());
  if (status.has_oldest()) {
    calls += ", from " + local_time(time_of(status.oldest())) + " to " +
             local_time(time_of(status.newest()));
  }
  lines.add("calls", calls);
  lines.add("size", bytes_of(status.file_bytes()));
}

void add_days_left(StatusLines& lines, const Status& status) {
  if (status.bytes_per_day() > 0) {
    const std::string days = status.days_left() > kManyDays
                                 ? "lasts more than 10 years"
                                 : "lasts about " + plural_of(status.days_left(), "day");
    lines.add("", days + " at " + bytes_of(status.bytes_per_day()) + " a day",
              status.days_left() < kFewDays ? Colour::kRed : Colour::kPlain);
  } else {
    lines.add("", "days left: too early to tell, the calls span less than a day");
  }
}

}  // namespace

Status status_of(const std::string& directory, const store::ArchiveSummary& summary) {
  Status status;
  status.set_archive(printable(directory));
  status.set_calls(static_cast<double>(summary.calls));
  status.set_file_bytes(static_cast<double>(summary.file_bytes));
  status.set_disk_free_bytes(static_cast<double>(summary.disk_free_bytes));
  status.set_disk_total_bytes(static_cast<double>(summary.disk_total_bytes));
  status.set_index_problem(printable(summary.index_problem));
  if (!summary.oldest || !summary.newest) return status;
  set_time(*status.mutable_oldest(), *summary.oldest);
  set_time(*status.mutable_newest(), *summary.newest);
  const double days = to_seconds(*summary.newest - *summary.oldest) / kSecondsPerDay;
  if (days < kLeastDays || summary.file_bytes == 0) return status;
  status.set_bytes_per_day(status.file_bytes() / days);
  status.set_days_left(status.disk_free_bytes() / status.bytes_per_day());
  return status;
}

store::ArchiveSummary summary_of(const Status& status) {
  store::ArchiveSummary summary;
  summary.calls = static_cast<std::uint64_t>(status.calls());
  summary.file_bytes = static_cast<std::uint64_t>(status.file_bytes());
  summary.disk_free_bytes = static_cast<std::uint64_t>(status.disk_free_bytes());
  summary.disk_total_bytes = static_cast<std::uint64_t>(status.disk_total_bytes());
  summary.index_problem = status.index_problem();
  if (status.has_oldest()) summary.oldest = time_of(status.oldest());
  if (status.has_newest()) summary.newest = time_of(status.newest());
  return summary;
}

std::vector<std::string> recorder_lines(const RecorderStatus& recorder, Timestamp now) {
  StatusLines lines;
  lines.add("recorder", "running for " + uptime_text(recorder.uptime_s()) + ", since " +
                            local_time(time_of(recorder.started())) + ", process " +
                            decimal_text(recorder.pid(), 0));
  add_hearing(lines, recorder);
  add_losing(lines, recorder);
  for (const SourceStatus& source : recorder.sources()) add_source(lines, source, now);
  Accounting accounting;
  *accounting.mutable_calls() = recorder.calls();
  lines.add("this run", accounting_lines(accounting).back());
  std::vector<std::string> all = lines.take();
  for (std::string& line : keeping_lines(recorder)) all.push_back(std::move(line));
  for (std::string& line : limit_lines(recorder)) all.push_back(std::move(line));
  return all;
}

std::vector<std::string> archive_lines(const Status& status) {
  StatusLines lines;
  lines.add("archive", printable(status.archive()));
  if (status.index_problem().empty()) {
    add_calls(lines, status);
  } else {
    lines.add("calls", printable(status.index_problem()), Colour::kRed);
  }
  lines.add("disk",
            bytes_of(status.disk_free_bytes()) + " free of " + bytes_of(status.disk_total_bytes()));
  if (status.index_problem().empty()) add_days_left(lines, status);
  if (!status.last_record_problem().empty()) {
    lines.add("last record", printable(status.last_record_problem()), Colour::kYellow);
  }
  if (!status.has_last_record()) return lines.take();
  const Accounting& last = status.last_record();
  lines.add("last record",
            local_time(time_of(last.finished())) + (last.interrupted() ? ", interrupted" : ""));
  for (const std::string& text : accounting_lines(last)) lines.add("", printable(text));
  if (const std::string kept = kept_line(last); !kept.empty()) lines.add("", kept);
  const std::string wrong = imbalance(last);
  if (!wrong.empty()) lines.add("", wrong, Colour::kRed);
  return lines.take();
}

std::string hearing_text(const HearingStatus& hearing) {
  if (hearing.has_last_sip() && hearing.has_last_rtp()) return "SIP and RTP";
  if (hearing.has_last_sip()) return "SIP, but no RTP yet";
  if (hearing.has_last_rtp()) return "RTP, but no SIP yet";
  return "neither SIP nor RTP yet";
}

std::string uptime_text(double seconds) {
  const double days = seconds / kSecondsPerDay;
  if (days < 1) return clock_text(seconds);
  const auto whole = static_cast<std::uint64_t>(days);
  return plural(whole, "day") + ' ' +
         clock_text(seconds - static_cast<double>(whole) * kSecondsPerDay);
}

std::string status_line(std::string_view label, const std::string& text) {
  return padded(label, kLabelColumns) + text;
}

}  // namespace koegura::tools
