// RtpReader: a stream's RTP packets out of the spool, in order of arrival, as they were on the
// wire.
#pragma once

#include "capture/rtp.h"
#include "capture/spool.h"

namespace koegura::decode {

class RtpReader {
 public:
  struct Arrived {
    Timestamp time;
    capture::RtpPacket rtp;  // its payload lives until the next one
  };

  // REQUIRES: packets outlives this.
  explicit RtpReader(const capture::SpooledPackets& packets) : reader_(packets) {}

  // False at the end. What is no RTP is passed over: capture has counted it.
  [[nodiscard]] Result<bool> next(Arrived& arrived);

 private:
  capture::SpoolReader reader_;
};

}  // namespace koegura::decode
