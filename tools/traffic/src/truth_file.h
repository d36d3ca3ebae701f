// TruthFile: writes the truth file of traffic.h, call by call as they end.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "call_plan.h"
#include "conversation_plan.h"
#include "output_file.h"
#include "rtp_sender.h"

namespace koegura::traffic {

// What the truth says of a call that is a leg of a conversation.
struct LegFacts {
  std::uint32_t conversation = 0;
  std::string_view kind;
  bool joinable = true;
};

class TruthFile {
 public:
  // An empty path: nothing is written, and nothing computed. REQUIRES: options outlive this.
  [[nodiscard]] static Result<TruthFile> open(const std::string& path,
                                              const TrafficOptions& options);

  // sounds: those that plan.streams play. tallies: of plan.streams.
  [[nodiscard]] Result<void> add(const CallPlan& plan, std::span<const Sound> sounds,
                                 std::span<const StreamTally> tallies,
                                 const std::optional<LegFacts>& leg = std::nullopt);
  // Its legs are given.
  void add_conversation(const ConversationPlan& plan, bool shares_number);
  // All calls are given.
  [[nodiscard]] Result<void> close(const TrafficSummary& summary);
  // The file stays. REQUIRES: close() succeeded.
  void keep();

 private:
  TruthFile(std::unique_ptr<OutputFile> file, const TrafficOptions& options)
      : file_(std::move(file)), options_(&options) {}
  void append_options();
  void append_conversation_options();
  void append_times(const CallPlan& plan, std::span<const StreamTally> tallies);
  void append_holds(const CallPlan& plan);
  void append_digits(const CallPlan& plan);
  void append_stream(const StreamPlan& stream, std::span<const Sound> sounds,
                     const StreamTally& tally);
  void append_lost(const StreamPlan& stream, const StreamTally& tally);
  void append_audio(const StreamPlan& stream, std::span<const Sound> sounds);

  std::unique_ptr<OutputFile> file_;  // null: no truth is wanted
  const TrafficOptions* options_;
  std::string text_;  // not yet written
  bool first_call_ = true;
  std::string conversations_;  // they stand behind the calls
};

}  // namespace koegura::traffic
