// judge_losses: who lost the packets that are missing in one stream, as far as its sender's and its
// receiver's RTCP tell.
//
// A reception report names the highest number it counts to and how many up to there are missing, so
// two of them say how many of the numbers between them the receiver missed. None: those that we
// miss were lost on the way to us. As many as we miss or more: on the network. Fewer: a part here,
// a part there, and of no single packet can be said which.
//
// A sender report counts packets. If over a stretch the numbers went on by more than were sent, the
// sender left numbers out. The count is compared with the highest number that had come when the
// report passed, which is off by a few where packets wait or are lost just then; so the difference
// has to last over the reports around.
//
// Rejected: comparing the receiver's count with ours as a whole (one early gap would decide of all
// later ones); XR loss run lengths (RFC 3611 §4.1), which would tell each packet, but which no
// telephone we know of sends.
#pragma once

#include <cstdint>
#include <span>

#include "loss_runs.h"
#include "report_marks.h"
#include "rtcp_log.h"

namespace koegura::decode {

struct LossEvidence {
  std::span<const SentReport> sent;
  std::span<const ReportMark> at_sent;  // one for each
  std::span<const ReceivedReport> received;
  std::span<const ReportMark> at_received;  // one for each
  std::int64_t first_sequence = 0;          // of the stream here
  bool from_the_beginning = false;          // that was the sender's first packet
};

// Writes each run's lost_by. Runs are in order of their numbers.
LossShares judge_losses(const LossEvidence& evidence, std::span<LossRun> runs);

}  // namespace koegura::decode
