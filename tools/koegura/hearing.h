// hearing: is the recorder deaf, and what is likely to blame? Judges the figures of a stretch of
// recording; the words are for a maintainer in front of a switch.
//
// Threads: none; a pure function. Watch (watch.h) calls it again and again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "capture/tap.h"

namespace koegura::tools {

enum class Severity : unsigned char {
  kNotice,  // worth knowing, nothing is lost
  kAlarm,   // calls are being lost, or will be
};

// One thing that is wrong. Ids are stable: alarms, JSON and later the ledger use them;
// koegura-doctor(1) lists them.
struct Finding {
  std::string id;      // "no_frames", "rtp_without_sip"
  std::string source;  // of which source; empty: of all together
  Severity severity = Severity::kAlarm;
  std::string what;   // "no SIP for 10 minutes, though RTP of 12 streams is heard"
  std::string blame;  // the switch's or box's setting likely to blame, and what to change
  Timestamp since;    // when it began, as far as the figures tell

  friend bool operator==(const Finding&, const Finding&) = default;
};

// How long silence may last: a quiet night is not an alarm by itself.
struct HearingOptions {
  Duration no_frames = std::chrono::minutes(1);  // not even broadcasts: cable, port or mirror
  Duration no_sip = std::chrono::minutes(30);  // phones re-register and send OPTIONS even by night
};

// One frame lost in so many is an alarm: one 20 ms packet in 20 s is not heard.
inline constexpr std::uint64_t kAudibleShare = 1000;

// What the figures between two snapshots of one tap say. Their stretch should be a few minutes
// long, so that counts mean something: Watch keeps it so. REQUIRES: before.at < now.at.
[[nodiscard]] std::vector<Finding> judge(const capture::TapSnapshot& before,
                                         const capture::TapSnapshot& now,
                                         const HearingOptions& options);

}  // namespace koegura::tools
