#include "capture/finished_call.h"

#include <utility>

namespace koegura::capture {
namespace {

std::vector<RunHold> all_runs(FinishedCall& call) {
  std::vector<RunHold> runs = std::exchange(call.signalling.runs(), {});
  for (FinishedStream& stream : call.streams) {
    for (RunHold& run : stream.spooled.runs()) runs.push_back(std::move(run));
    stream.spooled.runs().clear();
  }
  return runs;
}

}  // namespace

void FinishedCall::release_packets() {
  release_together(all_runs(*this));
}

void FinishedCall::keep_packets() {
  keep_on_disk(all_runs(*this));
}

}  // namespace koegura::capture
