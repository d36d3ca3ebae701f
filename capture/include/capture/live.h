// Live sources through libpcap: an interface, read in the kernel's TPACKET_V3 ring. Nothing here
// can send: the handle stays private to its file and nothing in it calls pcap_inject.
// Threads: see PacketSource.
//
// - The kernel hands frames over in blocks, full or 10 ms old: a frame may come that much later
//   than its stamp says, so now() is no promise that nothing older follows.
// - Both directions are given. Nothing leaves through a mirror port, so there it makes a difference
//   only if a box does send, which shows; on a PBX itself, or a bridge, calls have two directions.
// - A tag that the card or kernel took off stands in its frame again. "any", and devices without an
//   Ethernet header, come as Linux cooked v1, which keeps the tag too (v2 would not).
// - With GRO or LRO the kernel joins TCP segments: a frame may be larger than the wire's MTU. It
//   comes whole as long as snapshot_length allows.
// - An interface that is set down gives nothing until it is up again; one that is deleted is an
//   error. A deletion while it is down does not wake wait_handle: read at least every second or so.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "capture/packet_source.h"

namespace koegura::capture {

struct LiveOptions {
  // Kernel memory for frames that wait for us, in blocks of 256 KiB. A block takes 10 ms of frames
  // or what fits, so this also bounds the time we may be away: 2.5 s for 64 MiB, less from 26 MB/s
  // on.
  std::uint32_t ring_bytes = 64U << 20U;
  std::uint32_t snapshot_length = 65535;  // longer frames are cut; wire_length stays
  bool promiscuous = true;
};

// Opens an interface for reading. `filter` is pcap-filter(7), empty for everything; it is widened
// so that IP fragments and the tunnels we take apart pass whatever it says (they cannot be judged
// by their first header). Errors say what to do (no such interface: which there are; not permitted;
// a filter's mistake).
[[nodiscard]] Result<std::unique_ptr<PacketSource>> open_interface(const std::string& name,
                                                                   const std::string& filter,
                                                                   const LiveOptions& options);

}  // namespace koegura::capture
