// HeardStream: what the call path knows of a stream that some receive path owns.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "capture/signalling.h"
#include "stream_events.h"

namespace koegura::capture {

struct StreamOwner {
  LegId leg = 0;
  Side side = Side::kCaller;  // whose voice this is in that leg
};

enum class HeardPhase : std::uint8_t {
  kGoesOn,
  kOver,      // its calls were handed over; its receive path still knows it
  kDetached,  // the next call took over its endpoint: kept until its own call ends
};

// A finished call that waits for a stream's packets.
struct Awaiting {
  std::uint64_t call = 0;  // 0: nobody, the answer to Give::kDetach stays here
  Side side = Side::kCaller;
};

struct HeardStream {
  StreamRef ref;
  StreamKey key;
  HeardPhase phase = HeardPhase::kGoesOn;
  MediaKind kind = MediaKind::kAudio;
  bool active = false;         // not on probation
  bool adopted = false;        // its receive path was told that it is claimed
  bool may_be_sealed = false;  // and this
  Timestamp first;
  Timestamp last;  // as last told
  std::uint64_t packets = 0;
  std::array<std::size_t, 2> places{};  // in the lists of its source and of its destination
  std::vector<StreamOwner> owners;
  std::deque<Awaiting> answers;    // to come from its receive path, in this order
  std::vector<Awaiting> detached;  // kDetached: who waits until `given` is there
  std::unique_ptr<FinishedStream> given;
};

}  // namespace koegura::capture
