#include "dtmf_info.h"

#include "sip_grammar.h"

namespace koegura::capture {
namespace {

// A signal as its character, or as the number of the event in RFC 4733 §3.2.
std::optional<char> digit_of(std::string_view signal) {
  constexpr std::string_view kEvents = "0123456789*#ABCD";
  if (signal.size() == 1) {
    const char c =
        signal[0] >= 'a' && signal[0] <= 'd' ? static_cast<char>(signal[0] - 'a' + 'A') : signal[0];
    return kEvents.find(c) == std::string_view::npos ? std::nullopt : std::optional(c);
  }
  const auto event = decimal<std::uint8_t>(signal);
  if (!event || *event >= kEvents.size()) return std::nullopt;
  return kEvents[*event];
}

}  // namespace

std::optional<char> dtmf_in_info(const SipMessage& info) {
  std::string_view relay = sip_body_of_type(info, "application/dtmf-relay");
  while (!relay.empty()) {
    std::string_view line = split_off(relay, '\n');
    if (iequals(trim(split_off(line, '=')), "Signal")) return digit_of(trim(line));
  }
  return digit_of(trim(sip_body_of_type(info, "application/dtmf")));
}

}  // namespace koegura::capture
