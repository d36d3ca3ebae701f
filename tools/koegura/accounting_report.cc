#include "accounting_report.h"

#include <array>
#include <map>

#include "file_output.h"
#include "json.h"
#include "quantity_text.h"
#include "text_width.h"

namespace koegura::tools {

namespace {

struct Term {
  capture::Outcome outcome;
  double (Frames::*get)() const;
  void (Frames::*set)(double);
};

constexpr std::array<Term, capture::kOutcomeCount> kTerms = {{
    {capture::Outcome::kSip, &Frames::sip, &Frames::set_sip},
    {capture::Outcome::kRtp, &Frames::rtp, &Frames::set_rtp},
    {capture::Outcome::kRtcp, &Frames::rtcp, &Frames::set_rtcp},
    {capture::Outcome::kT38, &Frames::t38, &Frames::set_t38},
    {capture::Outcome::kDuplicate, &Frames::duplicate, &Frames::set_duplicate},
    {capture::Outcome::kNotVoip, &Frames::not_voip, &Frames::set_not_voip},
    {capture::Outcome::kUnclaimed, &Frames::unclaimed, &Frames::set_unclaimed},
}};

using Counts = google::protobuf::Map<std::string, double>;

// A sum as it is written: "received 12 = sip 10 + rtp 2".
class Sum {
 public:
  void add(std::string_view name, double count) {
    total_ += count;
    if (count == 0) return;
    text_ += (text_.empty() ? "" : " + ") + std::string(name) + ' ' +
             count_text(static_cast<std::uint64_t>(count));
  }
  void add(std::string_view name, const Counts& counts) {
    std::string reasons;
    double all = 0;
    // In order of name: a map's own order changes from run to run.
    for (const auto& [reason, count] :
         std::map<std::string, double>(counts.begin(), counts.end())) {
      if (count == 0) continue;
      all += count;
      reasons += (reasons.empty() ? "" : ", ") + reason + ' ' +
                 count_text(static_cast<std::uint64_t>(count));
    }
    add(name, all);
    if (!reasons.empty()) text_ += " {" + reasons + '}';
  }
  [[nodiscard]] double total() const { return total_; }
  [[nodiscard]] std::string of(std::string_view what, double whole) const {
    return std::string(what) + ' ' + count_text(static_cast<std::uint64_t>(whole)) +
           (text_.empty() ? "" : " = " + text_);
  }

 private:
  std::string text_;
  double total_ = 0;
};

Sum sum_of(const Frames& frames) {
  Sum sum;
  for (const Term& term : kTerms) sum.add(capture::name_of(term.outcome), (frames.*term.get)());
  sum.add("malformed", frames.malformed());
  sum.add("dropped", frames.dropped());
  sum.add("pending", frames.pending());
  return sum;
}

Sum sum_of(const Calls& calls) {
  Sum sum;
  sum.add("archived", calls.archived());
  sum.add("already there", calls.already_there());
  sum.add("failed", calls.failed());
  sum.add("in progress", calls.in_progress());
  sum.add("waiting", calls.waiting());
  return sum;
}

std::string accounting_path(const std::string& archive) {
  return archive + "/accounting.json";
}

}  // namespace

void set_frames(Frames& frames, const capture::Accounting& accounting) {
  frames.set_received(static_cast<double>(accounting.received));
  for (const Term& term : kTerms) {
    (frames.*term.set)(static_cast<double>(accounting[term.outcome]));
  }
  for (std::size_t i = 0; i < capture::kDefectCount; ++i) {
    if (accounting.malformed[i] == 0) continue;
    const auto id = capture::id_of(static_cast<capture::Defect>(i));
    (*frames.mutable_malformed())[std::string(id)] = static_cast<double>(accounting.malformed[i]);
  }
  for (std::size_t i = 0; i < capture::kDropCount; ++i) {
    if (accounting.dropped[i] == 0) continue;
    const auto name = capture::name_of(static_cast<capture::Drop>(i));
    (*frames.mutable_dropped())[std::string(name)] = static_cast<double>(accounting.dropped[i]);
  }
}

void set_calls(Calls& calls, const store::FinisherStats& stats) {
  calls.set_seen(static_cast<double>(stats.seen));
  calls.set_archived(static_cast<double>(stats.archived));
  calls.set_already_there(static_cast<double>(stats.already_there));
  calls.set_failed(static_cast<double>(stats.failed));
  calls.set_first_failure(stats.first_error);
  calls.set_waiting(static_cast<double>(stats.waiting));
}

std::vector<std::string> accounting_lines(const Accounting& accounting) {
  return {sum_of(accounting.frames()).of("frames received", accounting.frames().received()),
          sum_of(accounting.calls()).of("calls seen", accounting.calls().seen())};
}

std::string kept_line(const Accounting& accounting) {
  const auto going_on = static_cast<std::uint64_t>(accounting.calls().in_progress());
  const auto waiting = static_cast<std::uint64_t>(accounting.calls().waiting());
  if (going_on + waiting == 0) return "";
  std::string kept;
  if (going_on > 0) kept = count_text(going_on) + " in progress";
  if (waiting > 0) {
    kept += (kept.empty() ? "" : ", ") + count_text(waiting) + " waiting to be archived";
  }
  return kept + ": kept in the spool, the next start goes on with " +
         (going_on + waiting == 1 ? "it" : "them");
}

std::string imbalance(const Accounting& accounting) {
  const Frames& frames = accounting.frames();
  const Calls& calls = accounting.calls();
  std::string missing;
  const double lost_frames = frames.received() - sum_of(frames).total();
  const double lost_calls = calls.seen() - sum_of(calls).total();
  if (lost_frames != 0) missing += ", frames " + decimal_text(lost_frames, 0);
  if (lost_calls != 0) missing += ", calls " + decimal_text(lost_calls, 0);
  return missing.empty() ? "" : "the accounting does not hold: without an outcome" + missing;
}

Result<void> save_accounting(const std::string& archive, const Accounting& accounting) {
  return write_file(accounting_path(archive), json_of(accounting) + '\n');
}

Result<Accounting> load_accounting(const std::string& archive) {
  auto json = read_file(accounting_path(archive));
  if (!json) return tl::make_unexpected(std::move(json.error()));
  Accounting accounting;
  if (auto parsed = parse_json(*json, accounting); !parsed) {
    return tl::make_unexpected(std::move(parsed.error()).in(accounting_path(archive)));
  }
  return accounting;
}

void add_last_record(const std::string& archive, Status& status) {
  Result<Accounting> last = load_accounting(archive);
  if (last) {
    *status.mutable_last_record() = std::move(*last);
  } else if (last.error().kind != ErrorKind::kNotFound) {
    status.set_last_record_problem(
        printable(last.error().message + ": a recorder writes it anew when it ends"));
  }
}

}  // namespace koegura::tools
