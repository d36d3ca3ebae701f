// SpoolFolder: the spool of a live recorder: segments that outlive it, what of them is archived
// already, and the thread that writes them. After a crash or power cut, what was flushed and not
// archived is read again by the next start (Tap does it), through the same path as a capture file.
//
//   folder   = segment* released
//   segment  "00000042-rx0.pcapng": series rx0, the folder's 42nd file; Wireshark opens it
//   released the runs that are archived, of segments that other calls still need
//
// A run that is archived is noted in `released`, all runs of a call at once, and synced, before any
// segment goes: so a call never comes back in part. A segment goes when all that it holds has
// been released.
//
// Receive threads never wait for the disk: full runs, and those that are half a flush_interval old,
// go to the writer by a queue of buffer_bytes. The writer syncs four times in it.
//
// Threads: open and close on one; figures from any.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "capture/spool.h"

namespace koegura::capture {

struct SpoolFolderStats {
  std::uint64_t segments = 0;      // on disk now
  std::uint64_t bytes = 0;         // of those
  std::uint64_t write_errors = 0;  // since the start
  bool refused = false;            // the disk refuses now; what is taken waits in memory
  double sync_s = 0;               // how long the last sync took
  double slowest_sync_s = 0;       // since the start
  std::string last_error;          // the last refusal's; empty if there was none
};

class RecoveredSpool;  // recovered_spool.h

class SpoolFolder {
 public:
  // Makes the folder (0750) if it is missing. The segments found in it are kept for Tap to recover.
  // REQUIRES: nobody else writes there (the archive's lock).
  [[nodiscard]] static Result<std::unique_ptr<SpoolFolder>> open(const std::string& directory,
                                                                 const SpoolOptions& options);
  // REQUIRES: every packet was released or kept, and every spool is gone.
  virtual ~SpoolFolder() = default;

  // For the segments of one thread. REQUIRES: the folder outlives it.
  [[nodiscard]] virtual std::unique_ptr<Spool> make_spool(const std::string& series) = 0;
  // What an earlier process left, to be read once; null if nothing.
  [[nodiscard]] virtual std::unique_ptr<RecoveredSpool> recover() = 0;
  [[nodiscard]] virtual SpoolFolderStats stats() const = 0;
  // Writes, syncs and notes everything that was handed over. False if the disk refused until the
  // patience was over: that much is lost.
  virtual bool close(Duration patience) = 0;
};

}  // namespace koegura::capture
