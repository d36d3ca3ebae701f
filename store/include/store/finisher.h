// Finisher: finished calls in, archived calls out. A bounded queue and m threads, each
// rendering a call and putting it into the archive.
//
//   take* drain       take is called on capture's thread
//
// The queue bounds only replay, which may wait; a live recorder's queue is the spool itself.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "capture/finished_call.h"
#include "decode/renderer.h"
#include "store/archive.h"

namespace koegura::store {

struct FinisherOptions {
  unsigned threads = 2;
  std::size_t queue_limit = 256;  // take waits beyond this
  decode::RenderOptions render;   // an empty temporary_directory means the archive's own
  // A live recorder's: a call that the disk refuses waits, in memory its outline and in the spool
  // its packets, until the archive has room again; one that fails otherwise is tried so often.
  // Without it a failed call is given up at once (a capture file can be read again).
  bool patient = false;
  unsigned attempts = 5;
  Duration retry_after = std::chrono::seconds(10);  // longer each time
};

// calls seen = archived + already there + failed + waiting.
struct FinisherStats {
  std::uint64_t seen = 0;
  std::uint64_t archived = 0;
  std::uint64_t already_there = 0;
  std::uint64_t failed = 0;     // given up; a patient finisher keeps their packets in the spool
  std::uint64_t waiting = 0;    // queued, in work, or to be tried again
  std::string first_error;      // why the first failed one did
  std::string disk_refusal;     // why nothing is archived now: the disk is full; empty if it is not
  std::string index_refusal{};  // the same, of an index that is being rebuilt
  Duration busiest{};           // how long the thread longest at work has had its call
};

class Finisher : public capture::CallSink {
 public:
  // REQUIRES: archive outlives this.
  static std::unique_ptr<Finisher> create(const FinisherOptions& options, Archive& archive);
  // Waits until every call taken so far is archived or has failed. REQUIRES: not patient, or the
  // disk has room.
  virtual void drain() = 0;
  // Ends what is in work, and keeps in the spool the packets of all that waits: the next start
  // archives those. Nothing may be taken any more.
  virtual void stop() = 0;
  [[nodiscard]] virtual FinisherStats stats() const = 0;  // any thread
};

}  // namespace koegura::store
