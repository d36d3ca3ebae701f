// Reason (RFC 3326): why a request or a response was sent.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "capture/sip_message.h"

namespace koegura::capture {

struct ReasonValue {
  std::string_view protocol;  // "SIP", "Q.850"
  std::uint16_t cause = 0;    // 0 where it tells none
  std::string_view text;      // quotes removed, escapes left
  [[nodiscard]] static ReasonValue parse(std::string_view value);
};

struct Reasons {
  std::string text;  // of the first value that has one
  // SIP;cause=200 (RFC 3326 §2), or Q.850 cause 26, non-selected user clearing: another one of
  // those who were called has answered.
  bool elsewhere = false;
};
[[nodiscard]] Reasons reasons_of(const SipMessage& message);

}  // namespace koegura::capture
