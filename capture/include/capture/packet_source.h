// PacketSource: where frames come from (a capture file now; libpcap live and DPDK later).
//
// Threads: one thread reads a source. Frames come in bursts, so that one virtual call is
// paid per burst and not per frame.
#pragma once

#include <cstdint>
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

class PacketSource {
 public:
  virtual ~PacketSource() = default;

  // Fills burst from the front and says how many frames it filled; 0 is the end of the input.
  // The frames' bytes live until the next call. After an error the source is at its end; the
  // frames before the damage have all been given already.
  [[nodiscard]] virtual Result<std::size_t> read(std::span<Frame> burst) = 0;

  [[nodiscard]] virtual SourceProgress progress() const = 0;
  [[nodiscard]] virtual std::string name() const = 0;  // for messages: the path, "standard input"
};

}  // namespace koegura::capture
