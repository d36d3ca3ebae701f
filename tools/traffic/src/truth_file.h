// TruthFile: writes the truth file of traffic.h, call by call as they end.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "call_plan.h"
#include "output_file.h"
#include "rtp_sender.h"

namespace koegura::traffic {

class TruthFile {
 public:
  // An empty path: nothing is written, and nothing computed. REQUIRES: media outlives this.
  [[nodiscard]] static Result<TruthFile> open(const std::string& path, const SharedMedia& media);

  // tallies: of plan.streams.
  [[nodiscard]] Result<void> add(const CallPlan& plan, std::span<const StreamTally> tallies);
  // All calls are given.
  [[nodiscard]] Result<void> close(const TrafficSummary& summary);
  // The file stays. REQUIRES: close() succeeded.
  void keep();

 private:
  TruthFile(std::unique_ptr<OutputFile> file, const SharedMedia& media)
      : file_(std::move(file)), media_(&media) {}
  void append_options();
  void append_times(const CallPlan& plan, std::span<const StreamTally> tallies);
  void append_holds(const CallPlan& plan);
  void append_digits(const CallPlan& plan);
  void append_stream(const CallPlan& plan, const StreamPlan& stream, const StreamTally& tally);
  void append_lost(const StreamPlan& stream, const StreamTally& tally);
  void append_audio(const CallPlan& plan, const StreamPlan& stream);

  std::unique_ptr<OutputFile> file_;  // null: no truth is wanted
  const SharedMedia* media_;
  std::string text_;  // not yet written
  bool first_call_ = true;
};

}  // namespace koegura::traffic
