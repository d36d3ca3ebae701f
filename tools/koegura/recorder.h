// Recorder: the stages, connected on live sources, and the state that others may ask for while it
// runs.
//
//   start run finish
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "asked.h"
#include "capture/tap.h"
#include "command.h"
#include "hearing.h"
#include "output.pb.h"
#include "record_result.h"
#include "store/archive.h"
#include "store/finisher.h"
#include "watchdog.h"

namespace koegura::tools {

// What the recorder knows of itself at a moment.
struct RecorderView {
  capture::TapSnapshot tap;
  store::FinisherStats finisher;
  std::uint64_t spool_buffer_bytes = 0;          // may wait in memory for a slow disk, all lanes
  double spool_bytes_per_s = 0;                  // taken now
  std::uint64_t reserve_bytes = 0;               // as the archive was told
  std::optional<store::ArchiveSummary> archive;  // at most a minute old
  std::optional<store::IndexRebuild> rebuild;    // of the index, if this start found it damaged
  ScrubState scrub;                              // empty until the first pass has begun
  RetentionStatus retention;                     // without `looked` until the first look
  std::vector<Pulse> pulses;                     // of each thread
  std::vector<Finding> findings;                 // what is wrong now
};

// Asked by the API's threads while the recorder runs.
class RecorderState {
 public:
  virtual ~RecorderState() = default;
  [[nodiscard]] virtual RecorderView view() const = 0;             // any thread
  [[nodiscard]] virtual store::Archive& archive() = 0;             // for reading and changes
  [[nodiscard]] virtual const std::string& directory() const = 0;  // of the archive
};

// What to listen to: interfaces, or DPDK ports.
struct LiveInput {
  std::vector<std::string> interfaces;
  std::vector<std::string> dpdk_ports;
  std::vector<std::string> eal_arguments;
  std::string filter;  // pcap-filter(7)
};

class Recorder {
 public:
  // Opens everything, gives up every privilege that is not needed any more, and begins to record.
  // On failure nothing runs.
  [[nodiscard]] static Result<std::unique_ptr<Recorder>> start(const Session& session,
                                                               const LiveInput& input);
  virtual ~Recorder() = default;

  // Until it is asked to stop, or until every source has failed. Signals are let through in this
  // call alone.
  virtual void run(Asked& asked) = 0;
  // Ends within seconds: calls in progress, and those that wait, stay in the spool for the next
  // start. If asked to archive it waits for them, but not for a full disk. To be called once.
  [[nodiscard]] virtual RecordResult finish(const Asked& asked) = 0;
};

}  // namespace koegura::tools
