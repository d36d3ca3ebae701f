// SrtpSealer: seals what one SSRC sends under one key (RFC 3711), by libsrtp2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "capture/srtp_key.h"

struct srtp_ctx_t_;

namespace koegura::traffic {

class SrtpSealer {
 public:
  SrtpSealer(const capture::SrtpKey& key, std::uint32_t ssrc);

  // By how much sealing lengthens a packet.
  [[nodiscard]] static std::size_t trailer_of(capture::SrtpSuite suite);
  // In place; the packet has room for the trailer behind it. Packets may come out of order and
  // again, and the sequence number may roll over. False: libsrtp2 refuses.
  [[nodiscard]] bool seal(std::byte* packet, std::size_t size);

 private:
  struct Free {
    void operator()(srtp_ctx_t_* session) const;
  };
  std::unique_ptr<srtp_ctx_t_, Free> session_;
};

}  // namespace koegura::traffic
