#include "reason.h"

#include "header_values.h"
#include "sip_grammar.h"
#include "wire_text.h"

namespace koegura::capture {

ReasonValue ReasonValue::parse(std::string_view value) {
  ReasonValue reason;
  reason.protocol = value_head(value);
  reason.cause = decimal<std::uint16_t>(value_parameter(value, "cause")).value_or(0);
  reason.text = value_parameter(value, "text");
  return reason;
}

Reasons reasons_of(const SipMessage& message) {
  Reasons reasons;
  visit_values(message, "Reason", [&](std::string_view value) {
    const ReasonValue reason = ReasonValue::parse(value);
    if (reasons.text.empty()) reasons.text = unescaped_text(reason.text);
    reasons.elsewhere |= (iequals(reason.protocol, "SIP") && reason.cause == 200) ||
                         (iequals(reason.protocol, "Q.850") && reason.cause == 26);
    return true;
  });
  return reasons;
}

}  // namespace koegura::capture
