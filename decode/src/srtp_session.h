// SrtpSession: what one SSRC sends under one master key (RFC 3711), opened by libsrtp2.
//
//   create, then open in order of arrival; assume_rollovers before an open that is a guess
//
// Sessions of several threads may go on at once; one session is for one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "capture/frame.h"
#include "capture/srtp_key.h"

struct srtp_ctx_t_;

namespace koegura::decode {

class SrtpSession {
 public:
  // Null: libsrtp2 does not take the key.
  [[nodiscard]] static std::unique_ptr<SrtpSession> create(const capture::SrtpKey& key,
                                                           std::uint32_t ssrc);
  // Authenticates and decrypts a packet in place; gives how long it is then, or 0: it is not
  // authentic, or was opened before. What is left in `packet` then is of no use.
  [[nodiscard]] std::size_t open(std::span<std::byte> packet);
  // The next packet is taken to have been sent after so many rollovers of the sequence number
  // (ROC, RFC 3711 §3.3.1); 0: what follows from the packets before it.
  void assume_rollovers(std::uint32_t rollovers);

 private:
  struct Free {
    void operator()(srtp_ctx_t_* session) const;
  };
  SrtpSession(srtp_ctx_t_* session, std::uint32_t ssrc, bool has_mki)
      : session_(session), ssrc_(ssrc), has_mki_(has_mki) {}

  std::unique_ptr<srtp_ctx_t_, Free> session_;
  std::uint32_t ssrc_;
  bool has_mki_;
};

}  // namespace koegura::decode
