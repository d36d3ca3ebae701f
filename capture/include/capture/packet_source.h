// PacketSource: where frames come from: a capture file, an interface through libpcap, a DPDK queue.
//
// Threads: one thread reads a source, and asks it everything else. Frames come in bursts, so that
// one virtual call is paid per burst and not per frame.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "capture/error.h"
#include "capture/frame.h"

namespace koegura::capture {

// How far a source has come: bytes of a total for files (compressed bytes where the file is
// compressed). total is 0 where the end is unknown (stdin, live).
struct SourceProgress {
  std::uint64_t done = 0;
  std::uint64_t total = 0;
};

// Frames that a live source lost before it could give them, since it was opened. They never reach
// the accounting's `received`: these are the frames that nobody knows anything about.
struct SourceLosses {
  std::uint64_t ring = 0;       // the capture's own buffer was full: we were too slow
  std::uint64_t interface = 0;  // the card or its driver dropped them

  friend bool operator==(const SourceLosses&, const SourceLosses&) = default;
};

class PacketSource {
 public:
  virtual ~PacketSource() = default;

  // Fills burst from the front and says how many frames it filled. The frames' bytes live until
  // the next call. 0 is the end of the input, or, of a live source, that nothing is there now: it
  // never waits. After an error the source is at its end; the frames before the damage have all
  // been given already.
  [[nodiscard]] virtual Result<std::size_t> read(std::span<Frame> burst) = 0;

  [[nodiscard]] virtual SourceProgress progress() const = 0;
  [[nodiscard]] virtual std::string name() const = 0;  // for messages: the path, "eth1", "dpdk 0/1"

  // A live source: the time now, on the clock that stamps its frames. A file has no now: its time
  // stands still between two frames.
  [[nodiscard]] virtual std::optional<Timestamp> now() const { return std::nullopt; }
  // A live source: a file descriptor that becomes readable (poll(2)) when read would give
  // something; -1 where only reading can tell.
  [[nodiscard]] virtual int wait_handle() const { return -1; }
  // A system call or so: for once a second, not once a burst.
  [[nodiscard]] virtual SourceLosses losses() { return {}; }
};

}  // namespace koegura::capture
