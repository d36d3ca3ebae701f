// Where in SIP a party's key presses stand: INFO bodies (dtmf_info.h, and those of other vendors),
// and KPML's answers (RFC 4730).
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace koegura::capture {

struct DigitBytes {
  std::size_t offset = 0;
  std::size_t length = 0;
};

// What tells which keys they were, within the text: a SIP message, or as much of one as a segment
// of TCP holds. In no order, and one byte may be in two of them. A body of no known type counts
// only by lines and attributes that are unmistakable ("Signal=5", digits="123").
[[nodiscard]] std::vector<DigitBytes> digits_in_sip(std::string_view text);

}  // namespace koegura::capture
