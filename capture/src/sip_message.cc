#include "capture/sip_message.h"

#include <algorithm>

#include "sip_grammar.h"

namespace koegura::capture {
namespace {

constexpr std::string_view kSipVersion = "SIP/2.0";
constexpr std::size_t kMaxLeadingBlank = 64;  // keep-alives before a message (RFC 5626 §3.5.1)
constexpr std::size_t kMaxStartLine = 8192;
constexpr std::size_t kTypicalHeaders = 24;
constexpr std::uint64_t kMaxCseq = 0x7FFFFFFF;  // RFC 3261 §8.1.1.5

// RFC 3261 §7.5: line ends before the start line are passed over.
std::size_t leading_blank(std::string_view text) {
  std::size_t count = 0;
  while (count < text.size() && count < kMaxLeadingBlank &&
         (text[count] == '\r' || text[count] == '\n')) {
    ++count;
  }
  return count;
}

std::string_view without_cr(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

// The long form of a compact name (RFC 3261 §7.3.3 and the IANA registry of header fields).
std::string_view long_name(char compact) {
  switch (lower(compact)) {
    case 'a':
      return "Accept-Contact";
    case 'b':
      return "Referred-By";
    case 'c':
      return "Content-Type";
    case 'd':
      return "Request-Disposition";
    case 'e':
      return "Content-Encoding";
    case 'f':
      return "From";
    case 'i':
      return "Call-ID";
    case 'j':
      return "Reject-Contact";
    case 'k':
      return "Supported";
    case 'l':
      return "Content-Length";
    case 'm':
      return "Contact";
    case 'n':
      return "Identity-Info";
    case 'o':
      return "Event";
    case 'r':
      return "Refer-To";
    case 's':
      return "Subject";
    case 't':
      return "To";
    case 'u':
      return "Allow-Events";
    case 'v':
      return "Via";
    case 'x':
      return "Session-Expires";
    case 'y':
      return "Identity";
    default:
      return {};
  }
}

// Walks the header fields of a message, folded lines joined. Stops behind the blank line, or at
// the end of the text if there is none.
class HeaderFields {
 public:
  explicit HeaderFields(std::string_view text) : rest_(text) {}

  bool next(SipHeader& header) {
    while (!rest_.empty()) {
      const std::string_view line = take_line();
      if (line.empty()) return false;
      if (split(line, header)) return true;
    }
    return false;
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  // One logical line without its line end; empty only for the blank line.
  std::string_view take_line() {
    std::size_t end = rest_.find('\n');
    const bool blank = without_cr(rest_.substr(0, end)).empty();
    while (!blank && end != std::string_view::npos && end + 1 < rest_.size() &&
           (rest_[end + 1] == ' ' || rest_[end + 1] == '\t')) {
      end = rest_.find('\n', end + 1);
    }
    const std::string_view line = without_cr(rest_.substr(0, end));
    rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
    return line;
  }

  static bool split(std::string_view line, SipHeader& header) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return false;
    header.name = trim(line.substr(0, colon));
    header.value = trim(line.substr(colon + 1));
    if (header.name.size() == 1) {
      const std::string_view full = long_name(header.name.front());
      if (!full.empty()) header.name = full;
    }
    return !header.name.empty();
  }

  std::string_view rest_;
};

std::optional<Defect> read_status_line(std::string_view line, SipMessage& message) {
  const std::string_view version = next_word(line);
  if (!iequals(version, kSipVersion)) return Defect::kSipBadVersion;
  const std::string_view digits = next_word(line);
  const auto status = decimal<std::uint16_t>(digits);
  if (digits.size() != 3 || !status || *status < 100 || *status > 699) return Defect::kSipBadStatus;
  message.status = *status;
  message.reason_phrase = trim(line);
  return std::nullopt;
}

std::optional<Defect> read_request_line(std::string_view line, SipMessage& message) {
  message.method = next_word(line);
  if (!std::all_of(message.method.begin(), message.method.end(), is_token)) {
    return Defect::kSipBadStartLine;
  }
  line = trim(line);
  const std::size_t space = line.find_last_of(" \t");
  if (message.method.empty() || space == std::string_view::npos) return Defect::kSipBadStartLine;
  const std::string_view version = line.substr(space + 1);
  if (!istarts_with(version, "SIP/")) return Defect::kSipBadStartLine;
  if (!iequals(version, kSipVersion)) return Defect::kSipBadVersion;
  // Spaces in the middle belong to a URI that somebody failed to escape (RFC 4475 §3.1.2.7); so do
  // angle brackets around it (§3.1.2.8).
  message.request_uri = trim(line.substr(0, space));
  if (message.request_uri.size() > 2 && message.request_uri.front() == '<' &&
      message.request_uri.back() == '>') {
    message.request_uri = message.request_uri.substr(1, message.request_uri.size() - 2);
  }
  return message.request_uri.empty() ? std::optional(Defect::kSipBadStartLine) : std::nullopt;
}

std::optional<Defect> read_start_line(std::string_view line, SipMessage& message) {
  return istarts_with(line, "SIP/") ? read_status_line(line, message)
                                    : read_request_line(line, message);
}

// Content-Length as the fields give it. Two that differ are as good as none (RFC 4475 §3.3.9).
struct ContentLength {
  std::optional<std::size_t> value;
  bool readable = true;

  void read(std::string_view text) {
    const auto length = decimal<std::size_t>(text);
    readable = readable && length && (!value || *value == *length);
    value = length;
  }
};

// The branch of the topmost Via, the key of the transaction (RFC 3261 §17.1.3).
std::string_view branch_of(std::string_view via) {
  SipNameAddr element;
  const std::size_t semicolon = via.find(';');
  if (semicolon == std::string_view::npos) return {};
  element.parameters = via.substr(semicolon, via.find(',', semicolon) - semicolon);
  return element.parameter("branch");
}

std::optional<Defect> read_cseq(std::string_view value, SipMessage& message) {
  const auto number = decimal<std::uint64_t>(next_word(value));
  const std::string_view method = next_word(value);
  const bool is_method = !method.empty() && std::all_of(method.begin(), method.end(),
                                                        [](char c) { return is_token(c); });
  if (!number || *number > kMaxCseq || !is_method) return Defect::kSipNoCseq;
  message.cseq = static_cast<std::uint32_t>(*number);
  if (!message.is_request()) {
    message.method = method;
  } else if (method != message.method) {
    return Defect::kSipCseqMethod;
  }
  return std::nullopt;
}

// The fields that every message must have, as first seen.
struct Mandatory {
  std::optional<std::string_view> from;
  std::optional<std::string_view> to;
  std::optional<std::string_view> cseq;
  std::optional<std::string_view> via;
};

void note(const SipHeader& header, SipMessage& message, Mandatory& fields, ContentLength& length) {
  const auto first = [&header](std::optional<std::string_view>& field) {
    if (!field) field = header.value;
  };
  const std::string_view name = header.name;
  switch (name.size()) {
    case 2:
      if (iequals(name, "To")) first(fields.to);
      break;
    case 3:
      if (iequals(name, "Via")) first(fields.via);
      break;
    case 4:
      if (iequals(name, "From")) first(fields.from);
      if (iequals(name, "CSeq")) first(fields.cseq);
      break;
    case 7:
      if (message.call_id.empty() && iequals(name, "Call-ID")) message.call_id = header.value;
      break;
    case 12:
      if (message.content_type.empty() && iequals(name, "Content-Type")) {
        message.content_type = header.value;
      }
      break;
    case 14:
      if (iequals(name, "Content-Length")) length.read(header.value);
      break;
    default:
      break;
  }
}

std::optional<Defect> check(const Mandatory& fields, SipMessage& message) {
  if (message.call_id.empty()) return Defect::kSipNoCallId;
  const auto from = SipNameAddr::parse(fields.from.value_or(""));
  if (!from) return Defect::kSipNoFrom;
  const auto to = SipNameAddr::parse(fields.to.value_or(""));
  if (!to) return Defect::kSipNoTo;
  message.from = *from;
  message.to = *to;
  message.top_branch = branch_of(fields.via.value_or(""));
  for (const std::string_view key :
       {message.call_id, message.from.tag(), message.to.tag(), message.top_branch}) {
    if (key.size() > kMaxSipKeyBytes) return Defect::kSipTooLarge;
  }
  return read_cseq(fields.cseq.value_or(""), message);
}

// Does a blank line stand behind one of the line ends from `from` on? Those before have been looked
// at, but for the last bytes, which may be the beginning of it.
bool header_ends(std::string_view text, std::size_t from) {
  constexpr std::size_t kLineEnds = 3;  // LF CR LF, less one
  std::size_t at = text.find('\n', from - std::min(from, kLineEnds - 1));
  while (at != std::string_view::npos) {
    const std::string_view behind = text.substr(at + 1, 2);
    if (behind.starts_with('\n') || behind == "\r\n") return true;
    at = text.find('\n', at + 1);
  }
  return false;
}

// Of a message with its whole header, or of one whose header is too large.
tl::expected<std::size_t, Defect> length_with_body(std::string_view text, std::size_t header_at) {
  HeaderFields fields(text.substr(header_at));
  ContentLength length;
  for (SipHeader header; fields.next(header);) {
    if (iequals(header.name, "Content-Length")) length.read(header.value);
  }
  const std::size_t header_bytes = text.size() - fields.rest().size();
  if (header_bytes > kMaxSipHeaderBytes || length.value.value_or(0) > kMaxSipBodyBytes) {
    return tl::make_unexpected(Defect::kSipTooLarge);
  }
  if (!length.readable) return tl::make_unexpected(Defect::kSipBadHeader);
  return header_bytes + length.value.value_or(0);
}

}  // namespace

std::string_view SipMessage::header(std::string_view name) const {
  for (const SipHeader& field : headers) {
    if (iequals(field.name, name)) return field.value;
  }
  return {};
}

bool looks_like_sip(Bytes payload) {
  std::string_view text = as_text(payload);
  text.remove_prefix(leading_blank(text));
  if (text.empty() || (!is_token(text.front()) && !is_lws(text.front()))) return false;
  const std::string_view line = text.substr(0, std::min(text.find('\n'), kMaxStartLine));
  if (istarts_with(line, "SIP/")) return true;
  const std::size_t word = trim(line).find_last_of(" \t");
  return word != std::string_view::npos && istarts_with(trim(line).substr(word + 1), "SIP/");
}

tl::expected<SipMessage, Defect> parse_sip(Bytes payload) {
  const std::string_view whole = as_text(payload);
  const std::size_t blank = leading_blank(whole);
  const std::string_view text = whole.substr(blank);
  const std::size_t line_end = text.find('\n');
  if (std::min(line_end, text.size()) > kMaxStartLine) {
    return tl::make_unexpected(Defect::kSipBadStartLine);
  }
  SipMessage message;
  if (const auto defect = read_start_line(without_cr(text.substr(0, line_end)), message)) {
    return tl::make_unexpected(*defect);
  }
  HeaderFields fields(line_end == std::string_view::npos ? std::string_view()
                                                         : text.substr(line_end + 1));
  message.headers.reserve(kTypicalHeaders);
  Mandatory mandatory;
  ContentLength length;
  for (SipHeader header; fields.next(header);) {
    if (message.headers.size() == kMaxSipHeaders) {
      return tl::make_unexpected(Defect::kSipTooLarge);
    }
    message.headers.push_back(header);
    note(header, message, mandatory, length);
  }
  if (text.size() - fields.rest().size() > kMaxSipHeaderBytes) {
    return tl::make_unexpected(Defect::kSipTooLarge);
  }
  if (const auto defect = check(mandatory, message)) return tl::make_unexpected(*defect);
  message.body = fields.rest();
  if (length.readable && length.value) message.body = message.body.substr(0, *length.value);
  message.length = whole.size() - fields.rest().size() + message.body.size();
  return message;
}

tl::expected<std::size_t, Defect> sip_message_length(Bytes buffer) {
  SipProgress progress;
  return sip_message_length(buffer, progress);
}

tl::expected<std::size_t, Defect> sip_message_length(Bytes buffer, SipProgress& progress) {
  if (buffer.size() < progress.needed) return 0;
  if (progress.needed != 0) return progress.needed;
  const std::string_view whole = as_text(buffer);
  const std::size_t blank = leading_blank(whole);
  const std::string_view text = whole.substr(blank);
  if (text.empty()) return 0;
  const std::size_t line_end = text.find('\n');
  if (line_end == std::string_view::npos) {
    // A start line in the making, unless it is too long or begins like nothing that SIP says.
    if (is_token(text.front()) && text.size() <= kMaxStartLine) return 0;
    return tl::make_unexpected(Defect::kSipBadStartLine);
  }
  if (progress.searched == 0) {
    SipMessage start;
    const auto defect = read_start_line(without_cr(text.substr(0, line_end)), start);
    if (defect) return tl::make_unexpected(*defect);
  }
  const bool ends = header_ends(whole, std::max(progress.searched, blank + line_end));
  progress.searched = whole.size();
  if (!ends && text.size() <= kMaxSipHeaderBytes) return 0;
  const auto length = length_with_body(text, line_end + 1);
  if (!length) return length;
  progress.needed = blank + *length;
  return progress.needed <= whole.size() ? progress.needed : 0;
}

}  // namespace koegura::capture
