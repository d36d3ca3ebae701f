#include "store/number.h"

#include <phonenumbers/phonenumberutil.h>

#include <algorithm>

#include "utf8.h"

namespace koegura::store {

namespace {

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

// A full-width form as its ASCII twin, the dashes people type as '-'; everything else as it is.
char32_t half_width_character(char32_t character) {
  if (character >= 0xFF01 && character <= 0xFF5E) return character - 0xFF01 + '!';
  if (character == 0x3000 || character == 0xA0) return ' ';
  const bool is_dash = (character >= 0x2010 && character <= 0x2015) || character == 0x2212 ||
                       character == 0x30FC || character == 0xFF70;
  return is_dash ? '-' : character;
}

bool is_digit(char character) {
  return character >= '0' && character <= '9';
}
bool is_dialled(char character) {
  return is_digit(character) || character == '*' || character == '#' || character == '+';
}

// Only what a telephone can dial: digits, '*', '#', and a '+' in front. False if there is anything
// that is neither that nor punctuation between digits: it is a name.
bool keep_dialled(std::string_view raw, std::string& dialled) {
  while (!raw.empty()) {
    const char32_t character = half_width_character(take_character(raw));
    if (character == ';') break;  // RFC 3966 §3: parameters begin
    if (character >= 0x80) return false;
    const char ascii = static_cast<char>(character);
    if (is_dialled(ascii)) {
      if (ascii != '+' || dialled.empty()) dialled.push_back(ascii);
    } else if (std::string_view("-. ()/\t").find(ascii) == std::string_view::npos) {
      return false;
    }
  }
  return std::any_of(dialled.begin(), dialled.end(), [](char c) { return c != '+'; });
}

// "0" in Japan; empty where there is none.
std::string trunk_prefix(const std::string& region) {
  std::string prefix;
  PhoneNumberUtil::GetInstance()->GetNddPrefixForRegion(region, /*strip_non_digits=*/true, &prefix);
  return prefix;
}

// True for a number that can be one by its length. libphonenumber's table of ranges is as old as
// the box: a range opened since (Japan's 060 mobiles) must not split one subscriber into two
// spellings. Only where the trunk prefix or the country was dialled: an extension may have any
// length.
bool has_full_length(const PhoneNumber& number, const std::string& dialled,
                     const std::string& region) {
  const std::string trunk = trunk_prefix(region);
  const bool dialled_outside =
      dialled.starts_with('+') || (!trunk.empty() && dialled.starts_with(trunk));
  if (!dialled_outside) return false;
  const PhoneNumberUtil& numbers = *PhoneNumberUtil::GetInstance();
  return numbers.IsPossibleNumberForType(number, PhoneNumberUtil::FIXED_LINE) ||
         numbers.IsPossibleNumberForType(number, PhoneNumberUtil::MOBILE);
}

// Empty if it is no number of the public network.
std::string e164_once(const std::string& dialled, const std::string& region) {
  const PhoneNumberUtil& numbers = *PhoneNumberUtil::GetInstance();
  PhoneNumber number;
  if (numbers.Parse(dialled, region, &number) != PhoneNumberUtil::NO_PARSING_ERROR) return {};
  if (!numbers.IsValidNumber(number) && !has_full_length(number, dialled, region)) return {};
  std::string formatted;
  numbers.Format(number, PhoneNumberUtil::E164, &formatted);
  return formatted;
}

// A number that becomes another one when it is read again ("00000000000": each reading takes a zero
// for the trunk prefix) is none.
std::string e164(const std::string& dialled, const std::string& region) {
  if (dialled.find_first_of("*#") != std::string::npos) return {};
  const std::string number = e164_once(dialled, region);
  return number.empty() || e164_once(number, region) == number ? number : std::string();
}

// Japan dials 184 (hide my number) or 186 (show it) before the number; they are not part of it.
std::string_view without_caller_id_prefix(std::string_view dialled, const std::string& region) {
  constexpr std::size_t kLength = 3;
  const bool has_prefix =
      region == "JP" && (dialled.starts_with("184") || dialled.starts_with("186"));
  return has_prefix ? dialled.substr(kLength) : dialled;
}

std::string_view stripped(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::vector<std::string> prefix_forms(const std::string& dialled, const std::string& region) {
  std::vector<std::string> forms{dialled};
  const std::string trunk = trunk_prefix(region);
  const std::string country =
      std::to_string(PhoneNumberUtil::GetInstance()->GetCountryCodeForRegion(region));
  const std::string number(without_caller_id_prefix(dialled, region));
  if (!trunk.empty() && number.starts_with(trunk)) {
    forms.push_back("+" + country + number.substr(trunk.size()));
  }
  if (number.starts_with(country)) forms.push_back("+" + number);
  return forms;
}

}  // namespace

std::string half_width(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t character = half_width_character(take_character(text));
    if (character < 0x80) {
      out.push_back(static_cast<char>(character));
    } else {
      out.append(before.substr(0, before.size() - text.size()));
    }
  }
  return out;
}

std::string normalise_number(std::string_view raw, const std::string& region) {
  const std::string_view text = stripped(raw);
  std::string dialled;
  if (!keep_dialled(text, dialled)) return std::string(text);
  std::string number = e164(dialled, region);
  if (!number.empty()) return number;
  const std::string_view bare = without_caller_id_prefix(dialled, region);
  if (bare.size() < dialled.size()) number = e164(std::string(bare), region);
  return number.empty() ? dialled : number;
}

std::string national_number(const std::string& normalised, const std::string& region) {
  const PhoneNumberUtil& numbers = *PhoneNumberUtil::GetInstance();
  PhoneNumber number;
  if (!normalised.starts_with('+')) return normalised;
  if (numbers.Parse(normalised, region, &number) != PhoneNumberUtil::NO_PARSING_ERROR) {
    return normalised;
  }
  if (number.country_code() != numbers.GetCountryCodeForRegion(region)) return normalised;
  std::string significant;
  numbers.GetNationalSignificantNumber(number, &significant);
  return trunk_prefix(region) + significant;
}

std::string readable_number(const std::string& normalised, const std::string& region) {
  const PhoneNumberUtil& numbers = *PhoneNumberUtil::GetInstance();
  PhoneNumber number;
  if (!normalised.starts_with('+')) return normalised;
  if (numbers.Parse(normalised, region, &number) != PhoneNumberUtil::NO_PARSING_ERROR) {
    return normalised;
  }
  const bool is_home = number.country_code() == numbers.GetCountryCodeForRegion(region);
  std::string readable;
  numbers.Format(number, is_home ? PhoneNumberUtil::NATIONAL : PhoneNumberUtil::INTERNATIONAL,
                 &readable);
  return readable;
}

std::string number_term(std::string_view normalised) {
  std::string term(normalised);
  std::transform(term.begin(), term.end(), term.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return term;
}

NumberPattern parse_number_pattern(std::string_view typed_text, const std::string& region) {
  const std::string half = half_width(typed_text);
  std::string_view text = stripped(half);
  const bool open_front = text.starts_with('*');
  if (open_front) text.remove_prefix(1);
  const bool open_back = text.ends_with('*');
  if (open_back) text.remove_suffix(1);
  text = stripped(text);

  using Shape = NumberPattern::Shape;
  NumberPattern pattern;
  if (open_front) pattern.shape = open_back ? Shape::kPart : Shape::kSuffix;
  if (!open_front && open_back) pattern.shape = Shape::kPrefix;
  if (text.empty()) return pattern;

  std::string dialled;
  const bool is_name = !keep_dialled(text, dialled);
  const std::string typed = is_name ? number_term(text) : dialled;
  if (pattern.shape == Shape::kPrefix) {
    pattern.forms = is_name ? std::vector{typed} : prefix_forms(dialled, region);
    return pattern;
  }
  const std::string normalised = number_term(normalise_number(text, region));
  if (pattern.shape != Shape::kWhole && normalised != typed) pattern.forms.push_back(typed);
  pattern.forms.push_back(normalised);
  return pattern;
}

bool NumberPattern::matches(std::string_view term) const {
  if (forms.empty()) return true;
  return std::any_of(forms.begin(), forms.end(), [&](const std::string& form) {
    switch (shape) {
      case Shape::kWhole:
        return term == form;
      case Shape::kPrefix:
        return term.starts_with(form);
      case Shape::kSuffix:
        return term.ends_with(form);
      case Shape::kPart:
        return term.find(form) != std::string_view::npos;
    }
    return false;
  });
}

}  // namespace koegura::store
