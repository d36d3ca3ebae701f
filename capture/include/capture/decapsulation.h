// Decapsulation: frames in, packets out. Takes Ethernet, 802.1Q, QinQ, MPLS, PPPoE, Linux cooked
// v1/v2, BSD loopback and raw IP apart, tunnels (IP-in-IP, GRE, ERSPAN, VXLAN, GENEVE, GTP-U, TZSP)
// to a fixed depth, and reassembles IP fragments (RFC 791 §3.2, RFC 8200 §4.5) bounded in memory
// and time. Threads: one per source. No allocation per frame outside reassembly.
#pragma once

#include <cstdint>
#include <memory>

#include "capture/accounting.h"
#include "capture/packet.h"

namespace koegura::capture {

struct DecapsulationOptions {
  Duration fragment_timeout = std::chrono::seconds(30);
  std::uint32_t max_datagrams_in_reassembly = 1024;
};

// Who is deaf looks at the first two: a mirror that strips tags, or one that sends none but its
// tunnel's.
struct DecapsulationStats {
  std::uint64_t vlan_tagged = 0;  // frames with an 802.1Q or 802.1ad tag, in a tunnel too
  std::uint64_t tunnelled = 0;    // packets that came out of a tunnel; PPPoE and MPLS are none
  std::uint64_t datagrams_given_up = 0;  // incomplete, for newer ones: max_datagrams_in_reassembly
};

class Decapsulation {
 public:
  // Counts into accounting whatever will never become a packet: malformed frames, fragments given
  // up, frames that carry no IP (kNotVoip). REQUIRES: accounting outlives this.
  static std::unique_ptr<Decapsulation> create(const DecapsulationOptions& options,
                                               Accounting& accounting);
  virtual ~Decapsulation() = default;

  // True if the frame completed a packet; packet.frames says how many frames that took. The
  // packet's bytes live until the frame goes or until the next call. received is not counted here.
  [[nodiscard]] virtual bool on_frame(const Frame& frame, Packet& packet) = 0;
  // Gives up fragments older than the timeout.
  virtual void advance(Timestamp now) = 0;
  // The input is at its end: every waiting fragment is counted.
  virtual void finish() = 0;

  // Frames taken that are neither counted nor in a packet yet: fragments. Counted anew from what is
  // held, to check the accounting by.
  [[nodiscard]] virtual std::uint64_t waiting() const = 0;
  [[nodiscard]] virtual const DecapsulationStats& stats() const = 0;
};

}  // namespace koegura::capture
