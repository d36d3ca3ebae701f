// open_capture_file: a pcap or pcapng file, plain, gzip or zstd, or "-" for standard input,
// as a PacketSource. pcapng interfaces may differ in link type and timestamp resolution.
// Errors name the file and the offset: missing, a directory, unreadable, empty, not a capture,
// an unknown link type, cut off within a block.
// Source: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
#pragma once

#include <memory>
#include <string>

#include "capture/error.h"
#include "capture/frame.h"
#include "capture/packet_source.h"

namespace koegura::capture {

[[nodiscard]] Result<std::unique_ptr<PacketSource>> open_capture_file(const std::string& path);

// The same for a capture that is in memory already (an attachment of a call); name is for the
// messages. REQUIRES: bytes outlives the source.
[[nodiscard]] Result<std::unique_ptr<PacketSource>> open_capture_bytes(Bytes bytes,
                                                                       const std::string& name);

}  // namespace koegura::capture
