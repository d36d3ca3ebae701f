#include "diversions.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "header_values.h"
#include "identity.h"
#include "reason.h"
#include "sip_grammar.h"
#include "sip_uri.h"
#include "wire_text.h"

namespace koegura::capture {
namespace {

constexpr std::size_t kMaxHistory = 64;  // values read of one message, of either field

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), lower);
  return text;
}

bool same_party(const Identity& a, const Identity& b) {
  return a.user.empty() ? a.uri == b.uri : a.user == b.user;
}

std::size_t text_size(const Diversion& diversion) {
  const Identity& party = diversion.party;
  return diversion.reason.size() + party.uri.size() + party.user.size() + party.display_name.size();
}

// Each party once, with the first reason that says something.
void add(Diversion diversion, std::vector<Diversion>& to) {
  const auto known = std::find_if(to.begin(), to.end(), [&](const Diversion& other) {
    return same_party(diversion.party, other.party);
  });
  if (known == to.end()) {
    to.push_back(std::move(diversion));
  } else if (known->reason.empty() || known->reason == "unknown") {
    if (!diversion.reason.empty()) known->reason = std::move(diversion.reason);
  }
}

// One entry of History-Info.
struct Retarget {
  SipNameAddr address;
  std::vector<std::uint32_t> index;  // "1.2.1"
};

std::vector<std::uint32_t> index_of(std::string_view text) {
  constexpr std::size_t kMaxDepth = 16;
  std::vector<std::uint32_t> index;
  while (!text.empty() && index.size() < kMaxDepth) {
    index.push_back(decimal<std::uint32_t>(trim(split_off(text, '.'))).value_or(0));
  }
  return index;
}

std::vector<Retarget> history_of(const SipMessage& invite) {
  std::vector<Retarget> history;
  visit_values(invite, "History-Info", [&](std::string_view value) {
    const auto address = SipNameAddr::parse(value);
    if (address) history.push_back({*address, index_of(address->parameter("index"))});
    return history.size() < kMaxHistory;
  });
  std::stable_sort(history.begin(), history.end(),
                   [](const Retarget& a, const Retarget& b) { return a.index < b.index; });
  return history;
}

// The cause that a diverting server wrote into the new target (RFC 4458 §3), in RFC 5806's words as
// RFC 7544 §5 translates them.
std::string_view word_of_target(std::uint16_t cause) {
  switch (cause) {
    case 302:
      return "unconditional";
    case 408:
      return "no-answer";
    case 486:
      return "user-busy";
    case 480:
    case 487:
      return "deflection";
    case 503:
      return "unavailable";
    case 404:
      return "unknown";
    default:
      return {};
  }
}

// The response that ended the attempt at a target (RFC 7044 §10.2), or what ISDN said of it.
std::string_view word_of_reason(const ReasonValue& reason) {
  if (iequals(reason.protocol, "Q.850")) {
    if (reason.cause == 17) return "user-busy";
    return reason.cause == 18 || reason.cause == 19 ? "no-answer" : "unknown";
  }
  switch (reason.cause) {
    case 301:
    case 302:
      return "unconditional";
    case 408:
    case 487:  // it rang until it was cancelled
      return "no-answer";
    case 486:
    case 600:
      return "user-busy";
    case 480:
    case 503:
      return "unavailable";
    default:
      return reason.cause >= 300 ? "unknown" : "";
  }
}

std::string_view why_left(const Retarget& entry) {
  const std::string reason = uri_header(entry.address.uri, "Reason");
  return reason.empty() ? std::string_view() : word_of_reason(ReasonValue::parse(reason));
}

// The entry whose target was mapped to another user to get this one ("mp=1", RFC 7044 §5).
const Retarget* mapped_from(const Retarget& entry, const std::vector<Retarget>& history) {
  const std::string_view text = entry.address.parameter("mp");
  if (text.empty()) return nullptr;
  const auto index = index_of(text);
  const auto found = std::find_if(history.begin(), history.end(),
                                  [&](const Retarget& other) { return other.index == index; });
  return found == history.end() || &*found == &entry ? nullptr : &*found;
}

// What History-Info lists is every target there was, a server's own contacts too. A target was
// diverted from if the next one says why, or says so ("mp"), or if it failed itself.
std::vector<Diversion> history_diversions(const SipMessage& invite) {
  const std::vector<Retarget> history = history_of(invite);
  std::vector<Diversion> diversions;
  for (std::size_t i = history.size(); i > 1; --i) {
    const Retarget& target = history[i - 1];
    const Retarget& before = history[i - 2];
    const Retarget* const mapped = mapped_from(target, history);
    const Retarget& left = mapped == nullptr ? before : *mapped;
    const auto cause =
        decimal<std::uint16_t>(uri_parameter(target.address.uri, "cause")).value_or(0);
    std::string_view reason = word_of_target(cause);
    if (reason.empty()) reason = why_left(left);
    if (reason.empty()) reason = why_left(before);
    if (reason.empty() && mapped == nullptr) continue;
    SipNameAddr party = left.address;
    party.uri = uri_without_headers(party.uri);
    if (party.uri.empty()) continue;
    add({identity_of(party), std::string(reason)}, diversions);
  }
  return diversions;
}

}  // namespace

std::vector<Diversion> diversions_of(const SipMessage& invite) {
  std::vector<Diversion> diversions;
  std::size_t values = 0;
  visit_values(invite, "Diversion", [&](std::string_view value) {
    const auto address = SipNameAddr::parse(value);
    if (address) {
      add({identity_of(*address), lower_case(unescaped_text(address->parameter("reason")))},
          diversions);
    }
    return ++values < kMaxHistory;
  });
  for (Diversion& diversion : history_diversions(invite)) add(std::move(diversion), diversions);
  return diversions;
}

std::size_t add_diversions(std::vector<Diversion> newer, std::vector<Diversion>& known) {
  for (Diversion& diversion : known) add(std::move(diversion), newer);
  known = std::move(newer);
  std::size_t room = kMaxDiversionText;
  std::size_t kept = 0;
  while (kept < std::min(known.size(), kMaxDiversions) && text_size(known[kept]) <= room) {
    room -= text_size(known[kept++]);
  }
  const std::size_t refused = known.size() - kept;
  known.resize(kept);
  return refused;
}

}  // namespace koegura::capture
