#include "rtp_reader.h"

#include "capture/packet.h"

namespace koegura::decode {

Result<bool> RtpReader::next(Arrived& arrived) {
  capture::SpooledPacket spooled;
  while (true) {
    Result<bool> more = reader_.next(spooled);
    if (!more || !*more) return more;
    const auto packet = capture::parse_ip(spooled.time, spooled.ip);
    if (!packet) continue;
    auto rtp = capture::parse_padded_rtp(packet->payload);
    if (!rtp) continue;
    static_cast<void>(capture::take_off_padding(*rtp));  // SRTP's, nobody can tell here
    arrived = {.time = spooled.time, .rtp = *rtp};
    return true;
  }
}

}  // namespace koegura::decode
