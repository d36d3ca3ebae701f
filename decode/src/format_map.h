// FormatMap: what the payload types of one stream mean, as SDP said it at the time.
//
// Payload type numbers belong to the receiver (RFC 3264 §5.1), so the stream's destination says
// whose. Looked for in this order: the description in force at that endpoint, its earlier ones (a
// sender may be slow to follow a re-INVITE), its later ones (media may overtake the answer), those
// of the same side elsewhere, the other side's, the static types of RFC 3551.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "codec.h"

namespace koegura::decode {

enum class PayloadRole : std::uint8_t {
  kAudio,
  kComfortNoise,  // RFC 3389
  kEvent,         // RFC 4733
  kRedundant,     // RFC 2198: says which types its parts have
  kUndecodable,
};

// What one payload type meant for a while. Equal meanings are one object, so that a pointer tells
// whether anything changed; it lives as long as the map.
struct PayloadMeaning {
  PayloadRole role = PayloadRole::kUndecodable;
  const Codec* codec = nullptr;  // kAudio
  MediaFormat format;            // encoding is empty if nothing described it
  std::uint32_t clock_rate = 0;  // of RTP timestamps, 0 if unknown
  std::uint32_t audio_rate = 0;  // kAudio
  bool encrypted = false;        // SRTP that could not be opened
  std::string why;               // kUndecodable: in words
  std::uint32_t packets = 0;     // for the owner of the map to count
};

class FormatMap {
 public:
  // REQUIRES: call and stream outlive the map.
  FormatMap(const capture::FinishedCall& call, const capture::FinishedStream& stream);

  // sealed: why the packet's SRTP could not be opened, or null.
  [[nodiscard]] PayloadMeaning& at(std::uint8_t payload_type, Timestamp time,
                                   const std::string* sealed = nullptr) {
    const bool same = payload_type == last_type_ && sealed == last_sealed_;
    if (last_ != nullptr && same && time >= from_ && time < until_) return *last_;
    return look_up(payload_type, time, sealed);
  }
  // False: SDP gave this endpoint to video or fax.
  [[nodiscard]] bool carries_audio() const { return carries_audio_; }
  // The highest rate that audio towards this endpoint could have, static types included.
  [[nodiscard]] std::uint32_t highest_possible_rate() const;
  [[nodiscard]] const std::deque<PayloadMeaning>& meanings() const { return meanings_; }

 private:
  PayloadMeaning& look_up(std::uint8_t payload_type, Timestamp time, const std::string* sealed);
  [[nodiscard]] PayloadMeaning read(std::uint8_t payload_type, Timestamp time) const;
  [[nodiscard]] const MediaFormat* describe(std::uint8_t payload_type, Timestamp time) const;
  PayloadMeaning& intern(PayloadMeaning meaning);

  std::vector<const capture::NegotiatedMedia*> at_endpoint_;  // in order of time
  std::vector<const capture::NegotiatedMedia*> elsewhere_;    // the receiver's side first
  bool carries_audio_ = true;
  std::deque<PayloadMeaning> meanings_;
  PayloadMeaning* last_ = nullptr;
  std::uint8_t last_type_ = 0;
  const std::string* last_sealed_ = nullptr;
  Timestamp from_;
  Timestamp until_;
};

}  // namespace koegura::decode
