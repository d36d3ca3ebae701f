// SipMessage: one SIP request or response (RFC 3261 §7), read in place.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "capture/defect.h"
#include "capture/frame.h"

namespace koegura::capture {

// One header field: the long name's spelling of RFC 3261 for compact forms ("i" → "Call-ID"),
// otherwise the name as written. Line folding stays in value.
struct SipHeader {
  std::string_view name;
  std::string_view value;
};

// name-addr or addr-spec with parameters (RFC 3261 §20.10). Views into the message.
struct SipNameAddr {
  std::string_view display_name;  // quotes removed, escapes left
  std::string_view uri;
  std::string_view parameters;  // ";tag=…" after the address
  [[nodiscard]] std::string_view parameter(std::string_view name) const;  // empty if absent
  [[nodiscard]] std::string_view tag() const { return parameter("tag"); }
  [[nodiscard]] static std::optional<SipNameAddr> parse(std::string_view value);
};

// Bounds on what one message may ask of us; beyond them it is refused as kSipTooLarge.
inline constexpr std::size_t kMaxSipHeaders = 256;
inline constexpr std::size_t kMaxSipHeaderBytes = 64U << 10U;  // start line to blank line
inline constexpr std::size_t kMaxSipKeyBytes = 2048;  // Call-ID, a tag, a branch: legs keep them
inline constexpr std::size_t kMaxSipBodyBytes = 1U << 20U;  // a stream's Content-Length

// Views into the bytes given to parse_sip, and valid as long as those. Where a field that must
// be single is repeated (RFC 4475 §3.3.8), the first one counts.
struct SipMessage {
  std::string_view method;       // of the request; for a response, of its CSeq
  std::string_view request_uri;  // empty for a response
  std::uint16_t status = 0;      // 0 for a request
  std::string_view reason_phrase;
  std::string_view call_id;
  std::uint32_t cseq = 0;
  SipNameAddr from;
  SipNameAddr to;
  std::string_view top_branch;  // of the topmost Via, empty if absent
  std::string_view content_type;
  std::string_view body;
  std::vector<SipHeader> headers;  // all of them, in order
  std::size_t length = 0;          // bytes of the message, start line to the body's end

  [[nodiscard]] bool is_request() const { return status == 0; }
  [[nodiscard]] std::string_view header(std::string_view name) const;  // first value or empty
};

// The cheap test of a payload: could this be the start of a SIP message? No false negative for
// anything parse_sip reads.
[[nodiscard]] bool looks_like_sip(Bytes payload);

// Reads one message from the front, line ends before it included in its length. With a
// Content-Length the body is that long; a missing, unreadable, contradictory or too large one
// means "to the end" (RFC 3261 §18.3, over UDP). A line that is no header field is passed over.
[[nodiscard]] tl::expected<SipMessage, Defect> parse_sip(Bytes payload);

// The body of this type ("application/sdp"), or the first part of it in a multipart body
// (RFC 2046 §5.1, RFC 5621 §3.1); empty if there is none.
[[nodiscard]] std::string_view sip_body_of_type(const SipMessage& message, std::string_view type);

// For stream transports (RFC 3261 §18.3): bytes of the first message in buffer if it is
// complete, 0 if more are needed, a defect if the buffer does not start with a message or if
// its Content-Length cannot be read, so that nobody can tell where the next one starts.
[[nodiscard]] tl::expected<std::size_t, Defect> sip_message_length(Bytes buffer);

// The same for a buffer that grows until the message is whole: what was read once is not read
// again, however small the pieces. A progress of {} belongs to the start of each message.
struct SipProgress {
  std::size_t searched = 0;  // bytes in which the header does not end
  std::size_t needed = 0;    // bytes of the message, once its header was whole
};
[[nodiscard]] tl::expected<std::size_t, Defect> sip_message_length(Bytes buffer,
                                                                   SipProgress& progress);

}  // namespace koegura::capture
