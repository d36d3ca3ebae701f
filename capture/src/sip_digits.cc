#include "sip_digits.h"

#include <array>
#include <span>

#include "capture/sip_message.h"
#include "sip_grammar.h"

namespace koegura::capture {
namespace {

// The whole content is the digit, or an event as RFC 4733 writes it.
constexpr std::array<std::string_view, 3> kDigitTypes = {
    "application/dtmf", "audio/telephone-event", "application/telephone-event"};
// Lines of "d=", among others that tell who pressed.
constexpr std::string_view kCollectedType = "application/vnd.nortelnetworks.digits";

class DigitFinder {
 public:
  explicit DigitFinder(std::string_view text) : text_(text) {}

  std::vector<DigitBytes> find() {
    find_lines(text_, "Signal");
    find_attributes();
    const auto message = parse_sip(std::as_bytes(std::span(text_)));
    if (!message || message->body.empty()) return std::move(found_);
    for (const std::string_view type : kDigitTypes) add(trim(sip_body_of_type(*message, type)));
    find_lines(sip_body_of_type(*message, kCollectedType), "d");
    return std::move(found_);
  }

 private:
  // part is a view of text_.
  void add(std::string_view part) {
    if (part.empty()) return;
    found_.push_back(
        {.offset = static_cast<std::size_t>(part.data() - text_.data()), .length = part.size()});
  }

  // The values of "name=value" lines, white space anywhere.
  void find_lines(std::string_view part, std::string_view name) {
    while (!part.empty()) {
      std::string_view line = split_off(part, '\n');
      if (iequals(trim(split_off(line, '=')), name)) add(trim(line));
    }
  }

  // digits="1234" of <kpml-response> (RFC 4730 §5.3), in either quotes.
  void find_attributes() {
    constexpr std::string_view kName = "digits";
    for (std::size_t at = text_.find(kName); at != std::string_view::npos;
         at = text_.find(kName, at + 1)) {
      std::string_view rest = text_.substr(at + kName.size());
      while (!rest.empty() && is_lws(rest.front())) rest.remove_prefix(1);
      if (rest.empty() || rest.front() != '=') continue;
      rest.remove_prefix(1);
      while (!rest.empty() && is_lws(rest.front())) rest.remove_prefix(1);
      if (rest.empty() || (rest.front() != '"' && rest.front() != '\'')) continue;
      const char quote = rest.front();
      rest.remove_prefix(1);
      add(rest.substr(0, rest.find(quote)));
    }
  }

  std::string_view text_;
  std::vector<DigitBytes> found_;
};

}  // namespace

std::vector<DigitBytes> digits_in_sip(std::string_view text) {
  return DigitFinder(text).find();
}

}  // namespace koegura::capture
