// Any bytes as a SIP message, from a datagram and from a stream.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "capture/sip_message.h"

namespace {

using koegura::capture::Bytes;
using koegura::capture::SipMessage;

void require(bool condition) {
  if (!condition) std::abort();
}

void check(const SipMessage& message, Bytes payload) {
  const std::string_view text(reinterpret_cast<const char*>(payload.data()), payload.size());
  const auto within = [&text](std::string_view view) {
    return view.empty() ||
           (view.data() >= text.data() && view.data() + view.size() <= text.data() + text.size());
  };
  require(message.length <= payload.size());
  require(message.headers.size() <= koegura::capture::kMaxSipHeaders);
  require(!message.call_id.empty() && !message.from.uri.empty() && !message.to.uri.empty());
  require(!message.method.empty());
  for (const std::string_view view :
       {message.method, message.request_uri, message.reason_phrase, message.call_id,
        message.from.tag(), message.to.tag(), message.top_branch, message.body,
        koegura::capture::sip_body_of_type(message, "application/sdp")}) {
    require(within(view));
  }
  for (const auto& header : message.headers) {
    require(within(header.value));
    (void)koegura::capture::SipNameAddr::parse(header.value);
  }
}

// In pieces it is the same message, unless what was seen so far was none already.
void check_in_pieces(Bytes payload) {
  koegura::capture::SipProgress progress;
  for (std::size_t seen = 0; seen < payload.size(); seen += 1 + seen / 4) {
    const auto before = koegura::capture::sip_message_length(payload.first(seen), progress);
    if (!before) return;
    require(*before <= seen && (*before == 0 || *before == progress.needed));
    if (*before != 0) break;
  }
  const auto in_pieces = koegura::capture::sip_message_length(payload, progress);
  const auto whole = koegura::capture::sip_message_length(payload);
  require(in_pieces.has_value() == whole.has_value());
  if (whole) require(*in_pieces == *whole);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes payload = std::as_bytes(std::span(data, size));
  const auto message = koegura::capture::parse_sip(payload);
  if (message) {
    require(koegura::capture::looks_like_sip(payload));
    check(*message, payload);
  }
  const auto length = koegura::capture::sip_message_length(payload);
  if (length && *length > 0) {
    require(*length <= size);
    const auto framed = koegura::capture::parse_sip(payload.first(*length));
    if (framed) require(framed->length == *length);
  }
  check_in_pieces(payload);
  return 0;
}
