#include "ledger_events.h"

#include <map>

#include "json.h"
#include "last_word.h"
#include "text_width.h"

namespace koegura::tools {

namespace {

constexpr auto kAccountEvery = std::chrono::hours(1);

void add_figure(LedgerEntry& entry, const std::string& name, double value) {
  if (value == 0) return;
  LedgerFigure& figure = *entry.add_figures();
  figure.set_name(name);
  figure.set_value(value);
}

void add_figures(LedgerEntry& entry, const std::string& name,
                 const google::protobuf::Map<std::string, double>& counts) {
  // In order of name: a map's own order changes from run to run.
  for (const auto& [reason, count] : std::map<std::string, double>(counts.begin(), counts.end())) {
    add_figure(entry, name + "_" + printable(reason), count);
  }
}

LedgerEntry outage_from(const std::string& reason, Timestamp from) {
  LedgerEntry entry;
  entry.set_kind("outage");
  entry.set_reason(reason);
  set_time(*entry.mutable_from(), from);
  return entry;
}

}  // namespace

LedgerEntry start_entry(const std::vector<std::string>& sources) {
  LedgerEntry entry;
  entry.set_kind("start");
  entry.set_version(KOEGURA_VERSION);
  for (const std::string& source : sources) entry.add_sources(printable(source));
  return entry;
}

LedgerEntry accounting_entry(const std::string& kind, const Accounting& accounting) {
  LedgerEntry entry;
  entry.set_kind(kind);
  const Frames& frames = accounting.frames();
  add_figure(entry, "frames_received", frames.received());
  add_figure(entry, "frames_sip", frames.sip());
  add_figure(entry, "frames_rtp", frames.rtp());
  add_figure(entry, "frames_rtcp", frames.rtcp());
  add_figure(entry, "frames_t38", frames.t38());
  add_figure(entry, "frames_duplicate", frames.duplicate());
  add_figure(entry, "frames_not_voip", frames.not_voip());
  add_figure(entry, "frames_unclaimed", frames.unclaimed());
  add_figures(entry, "frames_malformed", frames.malformed());
  add_figures(entry, "frames_dropped", frames.dropped());
  add_figure(entry, "frames_pending", frames.pending());
  for (const SourceStatus& source : accounting.sources()) {
    add_figure(entry, "lost_ring " + source.name(), source.lost_ring());
    add_figure(entry, "lost_interface " + source.name(), source.lost_interface());
  }
  const Calls& calls = accounting.calls();
  add_figure(entry, "calls_seen", calls.seen());
  add_figure(entry, "calls_archived", calls.archived());
  add_figure(entry, "calls_already_there", calls.already_there());
  add_figure(entry, "calls_failed", calls.failed());
  add_figure(entry, "calls_in_progress", calls.in_progress());
  add_figure(entry, "calls_waiting", calls.waiting());
  return entry;
}

LedgerEntry outage_entry(const Change& change, Duration wall_offset) {
  LedgerEntry entry = outage_from(change.finding.id, change.finding.since + wall_offset);
  if (!change.finding.source.empty()) entry.add_sources(printable(change.finding.source));
  if (!change.begun) set_time(*entry.mutable_to(), change.at + wall_offset);
  return entry;
}

void LedgerEvents::tell_recovery(const RecorderView& now) {
  const capture::RecoverySnapshot& recovery = now.tap.recovery;
  if (recovery_told_ || !recovery.is_done) return;
  recovery_told_ = true;
  if (recovery.from == Timestamp{}) return;  // the last stop left nothing to go on with
  LedgerEntry entry = outage_from("not_running", recovery.from + now.tap.wall_offset);
  set_time(*entry.mutable_to(), now.tap.started + now.tap.wall_offset);
  archive_.note(entry);
}

void LedgerEvents::tell_clock_steps(const RecorderView& now) {
  for (const capture::ClockStep& step : now.tap.clock_steps) {
    if (step.at <= last_step_) continue;
    last_step_ = step.at;
    LedgerEntry entry;
    entry.set_kind("clock-step");
    set_time(*entry.mutable_from(), step.at + now.tap.wall_offset);
    entry.set_by_s(to_seconds(step.by));
    archive_.note(entry);
  }
}

void LedgerEvents::on_judgement(const RecorderView& now, const std::vector<Change>& changes) {
  tell_recovery(now);
  tell_clock_steps(now);
  for (const Change& change : changes) {
    if (change.finding.severity != Severity::kAlarm) continue;
    archive_.note(outage_entry(change, now.tap.wall_offset));
  }
  if (accounted_ == Timestamp{}) accounted_ = now.tap.started;
  if (now.tap.at - accounted_ < kAccountEvery) return;
  accounted_ = now.tap.at;
  archive_.note(accounting_entry("accounting", last_word(now, /*written=*/true).accounting));
}

}  // namespace koegura::tools
