// TickScale: a pcapng interface's clock (if_tsresol, if_tsoffset) as nanoseconds since 1970.
#pragma once

#include <cstdint>

#include "capture/address.h"
#include "capture/time.h"

namespace koegura::capture {

class TickScale {
 public:
  // The option's byte: 10^-n seconds or, with the top bit, 2^-n. False if n is absurd.
  [[nodiscard]] bool set_resolution(std::uint8_t option);
  void set_offset(std::int64_t seconds);

  // Never before 1970 nor after 2116, whatever the file says: differences of two fit a Duration.
  [[nodiscard]] Timestamp time_of(std::uint64_t ticks) const;

 private:
  std::uint64_t multiply_ = 1000;  // microseconds where the file says nothing
  std::uint64_t divide_ = 1;
  unsigned shift_ = 0;
  std::int64_t offset_ns_ = 0;
};

}  // namespace koegura::capture
