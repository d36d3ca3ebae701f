// sandbox: the recorder gives up, for good, what it needs no more once its sources are open: every
// capability, new sockets other than Unix ones, and sending on those it has.
//
// Promise 1 stands on three things: no source file names a call that sends (a lint rule), DPDK is
// given no transmit queue, and this.
//
// Call it when the sources are open, and before anything that may take work from the network
// starts. It holds for every thread of the process, those that RocksDB or DPDK have started and
// those that come later. The archive and the API's socket may be opened before or after.
//
// - Capabilities are a thread's own. Threads that run already are made to drop theirs by a signal
//   (SIGRTMAX; its handler stays); one that has not after 2 s is an error.
//   The bounding set goes too, if the process may (CAP_SETPCAP); no_new_privs makes it moot.
// - Every socket that is open now and is no Unix socket (libpcap's, those of a DPDK vdev; not
//   standard input and output) refuses every call that would send or duplicate it. Closing one
//   says so and does nothing until the process ends: its number would come again as a file's, and
//   that file could not be written. Its ring is freed and the traffic ends all the same.
// - What is refused gives EPERM and no signal: a library's surprise must become an error message,
//   and not a dead recorder.
// - The filter lists what is refused and not what is allowed: RocksDB, FFmpeg and glibc change
//   their calls with every update, and an appliance that stops to record after one has lost more
//   than it won. What the list must stop is known: sending, changing the network or the kernel,
//   touching other processes, running programs.
// - What it does not stop: a descriptor passed through a Unix socket to oneself (SCM_RIGHTS) has
//   another number. It holds against mistakes of ours and of libraries, and makes code injected by
//   a packet work for it.
//
// Under it pcap_stats, poll and the ring work on; LeakSanitizer, which traces its own process, does
// not.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "capture/error.h"

namespace koegura::tools {

struct SandboxOptions {
  // A bit for each capability (1 << CAP_...) that stays. None is needed with libpcap.
  std::uint64_t kept_capabilities = 0;
  // Folders that must be writable afterwards. Root without CAP_DAC_OVERRIDE is held to their
  // permissions: one that belongs to somebody else is an error before anything is given up.
  std::vector<std::string> writable;
};

// After an error the process may be in the sandbox in part: it is to end.
[[nodiscard]] Result<void> enter_sandbox(const SandboxOptions& options);

}  // namespace koegura::tools
