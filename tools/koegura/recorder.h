// Recorder: the stages, connected on live sources, and the state that others may ask for while it
// runs.
//
//   start run finish
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "capture/tap.h"
#include "command.h"
#include "hearing.h"
#include "record_result.h"
#include "store/archive.h"
#include "store/finisher.h"

namespace koegura::tools {

// What the recorder knows of itself at a moment.
struct RecorderView {
  capture::TapSnapshot tap;
  store::FinisherStats finisher;
  std::vector<Finding> findings;  // what is wrong now
  std::string spool_error;        // the spool's last write error
};

// Asked by the API's thread while the recorder runs.
class RecorderState {
 public:
  virtual ~RecorderState() = default;
  [[nodiscard]] virtual RecorderView view() const = 0;              // any thread
  [[nodiscard]] virtual const store::Archive& archive() const = 0;  // reading is free-threaded
  [[nodiscard]] virtual const std::string& directory() const = 0;   // of the archive
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

  // Until `stop`, or until every source has failed. `stop` is set by a signal that is blocked in
  // every thread but in this call.
  virtual void run(const std::atomic<bool>& stop) = 0;
  // Archives what goes on, as interrupted. To be called once.
  [[nodiscard]] virtual RecordResult finish() = 0;
};

}  // namespace koegura::tools
