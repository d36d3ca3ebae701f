// ladder_reader: the SIP messages in the packets of calls, in order of time.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "capture/pcapng.h"
#include "output.pb.h"

namespace koegura::tools {

// One call's messages, over UDP and TCP (reassembled). What is no SIP message is passed over: it
// was counted when the call was recorded.
[[nodiscard]] std::vector<LadderStep> read_ladder(const CallRecord& call,
                                                  std::span<const capture::EnhancedPacket> packets);

// Those of several calls as one ladder. A packet that carried messages of two calls stands in both
// their files: a message is taken once, as the call's whose Call-ID it has.
class LadderMerge {
 public:
  void add(const CallRecord& call, std::span<const capture::EnhancedPacket> packets);
  [[nodiscard]] std::vector<LadderStep> take();

 private:
  struct Step {
    LadderStep step;
    std::string message;  // what is the same in all files that hold it
    bool own = false;     // the file is that of the call whose message it is
  };
  std::vector<Step> steps_;
};

}  // namespace koegura::tools
