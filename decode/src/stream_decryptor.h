// StreamDecryptor: what one stream's datagrams hold, once SRTP (RFC 3711) is taken off them. It
// stands in front of the timeline, and passes a stream that is plain RTP through.
//
// The signalling proposes keys, the packets decide: a packet authenticates under one key and one
// count of rollovers (ROC), and under no other. So a fork's key, a new one of a re-INVITE, a late
// packet under the old one, a count that began before the capture, a profile that says RTP/AVP with
// a=crypto (RFC 8643) need no rule of their own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "capture/finished_call.h"
#include "srtp_session.h"

namespace koegura::decode {

class StreamDecryptor {
 public:
  // Of a day of packets of 20 ms. A call whose beginning was missed may have had so many before.
  static constexpr std::uint32_t kMostRollovers = 66;

  struct Opened {
    capture::Bytes datagram;  // RTP; valid until the next open, and as long as the input
    const std::string* why =
        nullptr;  // sealed: why it stays so, in words that live as long as this
  };

  // REQUIRES: call and stream outlive this.
  StreamDecryptor(const capture::FinishedCall& call, const capture::FinishedStream& stream);

  // Datagrams in order of arrival, each once. REQUIRES: it begins with an RTP header.
  [[nodiscard]] Opened open(Timestamp arrival, capture::Bytes datagram) {
    if (is_plain()) return {.datagram = datagram};
    return open_sealed(arrival, datagram);
  }
  // Every packet is SRTP, and no key is known.
  [[nodiscard]] bool is_sealed_for_good() const;

  [[nodiscard]] std::uint32_t opened() const { return opened_; }
  // Packets of SRTP that stayed sealed.
  [[nodiscard]] std::uint32_t failed() const { return failed_; }
  // By which suite the latest packet was opened; empty if none was.
  [[nodiscard]] std::string_view suite() const;

 private:
  // Of one key.
  struct Context {
    Timestamp since;
    const capture::SrtpKey* key = nullptr;
    std::unique_ptr<SrtpSession> session;  // null: has opened nothing yet
  };
  struct Profile {
    Timestamp since;
    bool encrypted = false;
  };

  [[nodiscard]] bool is_plain() const { return contexts_.empty() && !may_be_sealed_; }
  [[nodiscard]] Opened open_sealed(Timestamp arrival, capture::Bytes datagram);
  [[nodiscard]] bool is_encrypted_at(Timestamp time) const;
  // Tries a session; the result is in buffer_.
  [[nodiscard]] bool opens(SrtpSession& session, capture::Bytes datagram);
  [[nodiscard]] bool opens_anew(Context& context, capture::Bytes datagram, bool all_rollovers);
  [[nodiscard]] bool opens_by_current(capture::Bytes datagram);
  [[nodiscard]] bool opens_by_another(Timestamp arrival, capture::Bytes datagram);
  [[nodiscard]] std::string why_sealed(const capture::SrtpKeys& keys, capture::Side side) const;

  std::uint32_t ssrc_;
  std::vector<Profile> profiles_;  // of the stream's destination, in order of time
  bool may_be_sealed_ = false;
  std::vector<Context> contexts_;  // in order of time
  std::size_t in_force_ = 0;       // so many of them when the latest packet arrived
  Context* current_ = nullptr;     // opened the latest packet
  std::vector<std::byte> buffer_;
  std::string why_;
  std::uint32_t searches_ = 0;  // since a packet was opened or a key came into force
  std::uint32_t opened_ = 0;
  std::uint32_t failed_ = 0;
};

}  // namespace koegura::decode
