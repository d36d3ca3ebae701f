#include "recorder_report.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>

#include "accounting_report.h"
#include "json.h"
#include "memory_limits.h"
#include "status_text.h"
#include "store/party.h"
#include "text_width.h"

namespace koegura::tools {

namespace {

constexpr double kBitsPerByte = 8;

double number(std::uint64_t count) {
  return static_cast<double>(count);
}

// 1970 stands for "never".
bool happened(Timestamp time) {
  return time.time_since_epoch().count() != 0;
}

// The view's times, from the capture's clock to the wall clock as it is set now. What lies between
// any two of them stays.
RecorderView on_wall_clock(const RecorderView& view) {
  RecorderView result = view;
  capture::TapSnapshot& tap = result.tap;
  const auto shift = [offset = tap.wall_offset](Timestamp& time) {
    if (happened(time)) time += offset;
  };
  for (Timestamp* time :
       {&tap.started, &tap.at, &tap.hearing.last_sip, &tap.hearing.last_rtp, &tap.recovery.from}) {
    shift(*time);
  }
  for (capture::SourceSnapshot& source : tap.sources) shift(source.last_frame);
  for (capture::ClockStep& step : tap.clock_steps) shift(step.at);
  for (Finding& finding : result.findings) shift(finding.since);
  for (capture::LiveCall& call : tap.calls) {
    shift(call.start);
    if (call.answered) shift(*call.answered);
  }
  return result;
}

void set_live_frames(Frames& frames, const capture::Accounting& accounting) {
  set_frames(frames, accounting);
  frames.set_pending(number(accounting.pending()));
}

void fill_source(SourceStatus& out, const capture::SourceSnapshot& source) {
  out.set_name(printable(source.name));
  out.set_error(printable(source.error));
  set_live_frames(*out.mutable_frames(), source.accounting);
  out.set_bytes(number(source.bytes));
  out.set_lost_ring(number(source.losses.ring));
  out.set_lost_interface(number(source.losses.interface));
  out.set_vlan_tagged(number(source.vlan_tagged));
  out.set_tunnelled(number(source.tunnelled));
  if (happened(source.last_frame)) set_time(*out.mutable_last_frame(), source.last_frame);
}

void fill_hearing(HearingStatus& out, const capture::Hearing& hearing) {
  out.set_legs(number(hearing.legs));
  out.set_talking(number(hearing.talking));
  out.set_unheard(number(hearing.unheard));
  out.set_streams(number(hearing.streams));
  out.set_one_way_streams(number(hearing.one_way_streams));
  out.set_strangers(number(hearing.strangers));
  out.set_sip_requests(number(hearing.sip_requests));
  out.set_sip_responses(number(hearing.sip_responses));
  if (happened(hearing.last_sip)) set_time(*out.mutable_last_sip(), hearing.last_sip);
  if (happened(hearing.last_rtp)) set_time(*out.mutable_last_rtp(), hearing.last_rtp);
}

void fill_finding(FindingStatus& out, const Finding& finding) {
  out.set_id(printable(finding.id));
  out.set_source(printable(finding.source));
  out.set_alarm(finding.severity == Severity::kAlarm);
  out.set_what(printable(finding.what));
  out.set_blame(printable(finding.blame));
  if (happened(finding.since)) set_time(*out.mutable_since(), finding.since);
}

// Calls that go on, and those that wait, are seen too.
void fill_calls(Calls& out, const RecorderView& view) {
  set_calls(out, view.finisher);
  out.set_first_failure(printable(view.finisher.first_error));
  out.set_in_progress(number(view.tap.hearing.legs));
  out.set_seen(out.seen() + out.in_progress());
}

void fill_spool(SpoolStatus& out, const RecorderView& view) {
  const capture::SpoolFolderStats& spool = view.tap.spool;
  out.set_segments(number(spool.segments));
  out.set_bytes(number(spool.bytes));
  out.set_waiting_bytes(number(view.tap.capture.spool.waiting_bytes));
  out.set_buffer_bytes(number(view.spool_buffer_bytes));
  out.set_refused(spool.refused);
  out.set_write_errors(number(spool.write_errors));
  out.set_sync_s(spool.sync_s);
  out.set_slowest_sync_s(spool.slowest_sync_s);
}

void fill_recovery(RecoveryStatus& out, const capture::TapSnapshot& tap) {
  const capture::RecoverySnapshot& recovery = tap.recovery;
  out.set_done(recovery.is_done);
  out.set_segments(number(recovery.segments));
  out.set_bytes(number(recovery.bytes));
  out.set_packets(number(recovery.packets));
  out.set_damaged_bytes(number(recovery.damaged_bytes));
  for (const std::string& problem : recovery.problems) out.add_problems(printable(problem));
  out.set_legs(number(recovery.legs));
  out.set_seconds(recovery.seconds);
  if (!happened(recovery.from)) return;
  set_time(*out.mutable_from(), recovery.from);
  set_time(*out.mutable_to(), tap.started);
}

void fill_retention(RetentionStatus& out, const RetentionStatus& known) {
  out = known;
  out.set_refusal(printable(known.refusal()));
  out.set_problem(printable(known.problem()));
}

void fill_scrub(ScrubStatus& out, const ScrubState& scrub) {
  if (scrub.has_last_pass_ended()) *out.mutable_last_pass_ended() = scrub.last_pass_ended();
  *out.mutable_began() = scrub.began();
  out.set_calls(scrub.calls());
  out.set_bytes(scrub.bytes());
  out.set_damaged(scrub.damaged());
  out.set_error(printable(scrub.error()));
}

// As the record will have it.
void fill_party(Party& out, const capture::Identity& identity, const std::string& region) {
  store::set_party(out, identity, region);
  out.set_number(printable(out.number()));
  out.set_raw(printable(out.raw()));
  out.set_name(printable(out.name()));
  out.set_withheld(printable(out.withheld()));
}

void fill_call(CallInProgress& out, const capture::LiveCall& call, Timestamp now,
               const std::string& region) {
  out.set_call_id(printable(call.call_id));
  fill_party(*out.mutable_caller(), call.caller, region);
  fill_party(*out.mutable_callee(), call.callee, region);
  set_time(*out.mutable_start(), call.start);
  if (call.answered) set_time(*out.mutable_answered(), *call.answered);
  out.set_duration_s(std::max(0.0, to_seconds(now - call.start)));
  out.set_streams(call.streams);
  out.set_packets(number(call.packets));
}

// ---- rates ----------------------------------------------------------------------------------

class Rate {
 public:
  explicit Rate(double elapsed_s) : elapsed_s_(elapsed_s) {}
  [[nodiscard]] double operator()(double before, double now) const {
    return elapsed_s_ > 0 && now > before ? (now - before) / elapsed_s_ : 0;
  }

 private:
  double elapsed_s_;
};

std::map<std::string, double> outcomes_of(const Frames& frames) {
  return {{"sip", frames.sip()},
          {"rtp", frames.rtp()},
          {"rtcp", frames.rtcp()},
          {"t38", frames.t38()},
          {"duplicate", frames.duplicate()},
          {"not_voip", frames.not_voip()},
          {"unclaimed", frames.unclaimed()},
          {"malformed", total(frames.malformed())},
          {"dropped", total(frames.dropped())}};
}

double lost(const SourceStatus& source) {
  return source.lost_ring() + source.lost_interface();
}

void rate_sources(const RecorderStatus& before, RecorderStatus& now, const Rate& rate) {
  for (SourceStatus& source : *now.mutable_sources()) {
    const auto was =
        std::find_if(before.sources().begin(), before.sources().end(),
                     [&](const SourceStatus& old) { return old.name() == source.name(); });
    if (was == before.sources().end()) continue;
    source.set_packets_per_s(rate(was->frames().received(), source.frames().received()));
    source.set_bits_per_s(rate(was->bytes(), source.bytes()) * kBitsPerByte);
    source.set_lost_per_s(rate(lost(*was), lost(source)));
  }
}

using CallKey = std::pair<std::string, long long>;

CallKey key_of(const CallInProgress& call) {
  return {call.call_id(), to_unix_ns(time_of(call.start()))};
}

}  // namespace

RecorderStatus recorder_status(const RecorderView& told) {
  const RecorderView view = on_wall_clock(told);
  RecorderStatus status;
  status.set_pid(getpid());
  set_time(*status.mutable_started(), view.tap.started);
  set_time(*status.mutable_at(), view.tap.at);
  status.set_uptime_s(std::max(0.0, to_seconds(view.tap.at - view.tap.started)));
  capture::Accounting all;
  for (const capture::SourceSnapshot& source : view.tap.sources) {
    fill_source(*status.add_sources(), source);
    all += source.accounting;
  }
  set_live_frames(*status.mutable_frames(), all);
  fill_hearing(*status.mutable_hearing(), view.tap.hearing);
  for (const Finding& finding : view.findings) fill_finding(*status.add_findings(), finding);
  fill_calls(*status.mutable_calls(), view);
  status.set_imbalance(printable(view.tap.imbalance));
  status.set_spool_error(printable(view.tap.spool.last_error));
  fill_spool(*status.mutable_spool(), view);
  if (view.tap.recovery.segments > 0) fill_recovery(*status.mutable_recovery(), view.tap);
  status.mutable_backlog()->set_busiest_s(to_seconds(view.finisher.busiest));
  status.mutable_backlog()->set_disk_refusal(printable(view.finisher.disk_refusal));
  status.mutable_backlog()->set_index_refusal(printable(view.finisher.index_refusal));
  if (view.scrub.has_began()) fill_scrub(*status.mutable_scrub(), view.scrub);
  if (view.retention.has_looked()) fill_retention(*status.mutable_retention(), view.retention);
  fill_limits(status, view.tap.capture);
  for (const Pulse& pulse : view.pulses) {
    ThreadStatus& thread = *status.add_threads();
    thread.set_name(printable(pulse.thread));
    thread.set_silent_s(to_seconds(pulse.age));
    thread.set_limit_s(to_seconds(pulse.limit));
  }
  for (const capture::ClockStep& step : view.tap.clock_steps) {
    ClockStep& out = *status.add_clock_steps();
    set_time(*out.mutable_at(), step.at);
    out.set_by_s(to_seconds(step.by));
  }
  return status;
}

TopSnapshot top_snapshot(const RecorderView& told, const std::string& region) {
  TopSnapshot snapshot;
  *snapshot.mutable_recorder() = recorder_status(told);
  const RecorderView view = on_wall_clock(told);
  for (const capture::LiveCall& call : view.tap.calls) {
    fill_call(*snapshot.add_calls(), call, view.tap.at, region);
  }
  return snapshot;
}

void set_rates(const TopSnapshot& before, TopSnapshot& now) {
  const Timestamp then = time_of(before.recorder().at());
  const Timestamp at = time_of(now.recorder().at());
  const Rate rate(to_seconds(at - then));
  rate_sources(before.recorder(), *now.mutable_recorder(), rate);

  const auto were = outcomes_of(before.recorder().frames());
  for (const auto& [outcome, count] : outcomes_of(now.recorder().frames())) {
    (*now.mutable_outcomes_per_s())[outcome] = rate(were.at(outcome), count);
  }

  std::map<CallKey, double> packets;
  for (const CallInProgress& call : before.calls()) packets[key_of(call)] = call.packets();
  for (CallInProgress& call : *now.mutable_calls()) {
    const auto was = packets.find(key_of(call));
    if (was != packets.end()) {
      call.set_packets_per_s(rate(was->second, call.packets()));
      continue;
    }
    // It began since. One that was only pushed out of the list before has no rate yet.
    const Timestamp start = time_of(call.start());
    if (start >= then) call.set_packets_per_s(Rate(to_seconds(at - start))(0, call.packets()));
  }
}

}  // namespace koegura::tools
