// Spooled packets, read as an archive reads them.
#pragma once

#include <doctest/doctest.h>

#include "capture/spool.h"

namespace koegura::capture::test {

// Waits for those that the writer has not written yet.
inline std::uint64_t count_packets(const SpooledPackets& packets) {
  SpoolReader reader(packets);
  SpooledPacket packet;
  std::uint64_t count = 0;
  auto more = reader.next(packet);
  for (; more && *more; more = reader.next(packet)) ++count;
  CHECK(more);
  return count;
}

}  // namespace koegura::capture::test
