// Sighting: a message as it was seen, with the side that made its request. For a response, the
// sender is the other side.
#pragma once

#include <string_view>

#include "capture/finished_call.h"
#include "capture/sip_message.h"

namespace koegura::capture {

struct Sighting {
  Timestamp time;
  const Endpoint& source;
  const Endpoint& destination;
  const SipMessage& message;
  Side requester = Side::kCaller;

  [[nodiscard]] Side sender() const { return message.is_request() ? requester : other(requester); }
  [[nodiscard]] bool is(std::string_view method) const { return message.method == method; }
  // A request that opens a dialog, or would (RFC 3261 §13.1): an INVITE without To tag.
  [[nodiscard]] bool is_initial_invite() const {
    return message.is_request() && is("INVITE") && message.to.tag().empty();
  }
  // The callee's tag of the dialog, as far as there is one.
  [[nodiscard]] std::string_view callee_tag() const {
    return requester == Side::kCaller ? message.to.tag() : message.from.tag();
  }
};

}  // namespace koegura::capture
