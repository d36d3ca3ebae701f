#include "last_word.h"

#include "json.h"
#include "recorder_report.h"

namespace koegura::tools {

namespace {

Accounting accounting_of(const RecorderView& last) {
  const RecorderStatus status = recorder_status(last);
  Accounting accounting;
  *accounting.mutable_frames() = status.frames();
  *accounting.mutable_calls() = status.calls();
  *accounting.mutable_sources() = status.sources();
  for (const SourceStatus& source : status.sources()) accounting.add_input(source.name());
  if (accounting.frames().received() > 0) {
    const Duration offset = last.tap.wall_offset;
    set_time(*accounting.mutable_first_frame(), last.tap.capture.first_frame + offset);
    set_time(*accounting.mutable_last_frame(), last.tap.capture.last_frame + offset);
  }
  *accounting.mutable_finished() = status.at();
  accounting.set_elapsed_s(status.uptime_s());
  return accounting;
}

bool has_dropped(const RecorderView& last) {
  capture::Accounting frames;
  for (const capture::SourceSnapshot& source : last.tap.sources) frames += source.accounting;
  return frames.dropped[static_cast<std::size_t>(capture::Drop::kSpoolFull)] > 0;
}

}  // namespace

RecordResult last_word(const RecorderView& last, bool written) {
  RecordResult result{.accounting = accounting_of(last), .problems = {}, .remark = {}};
  for (const SourceStatus& source : result.accounting.sources()) {
    if (!source.error().empty()) result.problems.push_back({source.error()});
  }
  // A write that was refused, and then was not, has lost nothing.
  add_live_losses(result, has_dropped(last) ? last.tap.spool.last_error : "");
  if (!written) {
    result.problems.push_back(
        {"the last packets are lost, the disk did not take them: " + last.tap.spool.last_error});
  }
  if (!last.tap.imbalance.empty()) result.problems.push_back({last.tap.imbalance});
  return result;
}

}  // namespace koegura::tools
