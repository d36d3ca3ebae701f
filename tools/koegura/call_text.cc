#include "call_text.h"

#include <algorithm>
#include <array>

#include "quantity_text.h"
#include "store/number.h"
#include "text_width.h"

namespace koegura::tools {

namespace {

// What stood on the wire, without the scheme that every one has.
std::string_view without_scheme(std::string_view uri) {
  for (const std::string_view scheme : {"sip:", "sips:", "tel:"}) {
    if (uri.starts_with(scheme)) return uri.substr(scheme.size());
  }
  return uri;
}

}  // namespace

std::string number_text(const Party& party, const std::string& region) {
  return printable(store::readable_number(party.number(), region));
}

std::string party_text(const Party& party, const std::string& region) {
  std::string text = number_text(party, region);
  if (!party.department().empty())
    text += (text.empty() ? "" : " ") + printable(party.department());
  // Many telephones put the number where the name should be.
  const std::string& person = party.person().empty() ? party.name() : party.person();
  const bool says_more =
      !person.empty() && person != party.number() && person != number_text(party, region);
  if (says_more) text += (text.empty() ? "" : " ") + printable(person);
  if (!party.withheld().empty())
    text += (text.empty() ? "" : " ") + ("(" + printable(party.withheld()) + ")");
  if (text.empty()) text = printable(without_scheme(party.raw()));
  return text.empty() ? "unknown" : text;
}

// Of 26: the time's fourteen, to the nanosecond, and two of the hash.
std::string short_id(const std::string& id) {
  return id.substr(0, kShortId);
}

Colour colour_of_state(const std::string& state) {
  if (state == "answered") return Colour::kGreen;
  if (state == "failed" || state == "missed") return Colour::kRed;
  return Colour::kYellow;
}

// The words of ITU-T G.107 Annex B for users' satisfaction, shortened.
std::string quality_text(double mos) {
  struct Grade {
    double least;
    const char* word;
  };
  constexpr std::array kGrades = {Grade{4.3, "excellent"}, Grade{4.0, "good"}, Grade{3.6, "fair"},
                                  Grade{3.1, "poor"}};
  if (mos <= 0) return "quality unknown";
  const char* word = "bad";
  for (const Grade& grade : kGrades) {
    if (mos < grade.least) continue;
    word = grade.word;
    break;
  }
  return std::string(word) + " (MOS " + decimal_text(mos, 1) + ")";
}

std::string diversion_reason_text(const Diversion& diversion) {
  if (diversion.reason() == "unknown") return {};
  if (diversion.reason() == "user-busy") return "busy";
  if (diversion.reason() == "unconditional") return "unconditionally";
  std::string words = printable(diversion.reason());
  std::replace(words.begin(), words.end(), '-', ' ');
  return words;
}

std::string diversion_text(const Diversion& diversion, const std::string& region) {
  const std::string reason = diversion_reason_text(diversion);
  return party_text(diversion.party(), region) + (reason.empty() ? "" : ": " + reason);
}

std::string uri_text(const std::string& uri, const std::string& region) {
  const std::string_view address = without_scheme(uri);
  const bool has_user = address.find('@') != std::string_view::npos || uri.starts_with("tel:");
  Party party;
  party.set_raw(uri);
  if (has_user) {
    const std::string_view user = address.substr(0, address.find_first_of("@;"));
    party.set_number(store::normalise_number(user, region));
  }
  return party_text(party, region);
}

std::string release_text(const CallRecord& record) {
  const Release& release = record.release();
  const std::string reason = printable(release.reason());
  if (release.by() == "recorder") return "no end was seen: " + reason;
  const std::string who = "the " + release.by();
  if (release.elsewhere()) return "answered elsewhere, told by " + who;
  if (reason == "BYE") return who + " hung up";
  return "by " + who + ": " + std::to_string(release.code()) + ' ' + reason;
}

}  // namespace koegura::tools
