// sip_body_of_type: the part of a message's body that has a given type.

#include "capture/sip_message.h"
#include "sip_grammar.h"

namespace koegura::capture {
namespace {

constexpr int kMaxMultipartDepth = 3;

// "multipart/mixed; boundary=x" is of type "multipart/mixed".
std::string_view media_type(std::string_view content_type) {
  return trim(content_type.substr(0, content_type.find(';')));
}

std::string_view boundary_of(std::string_view content_type) {
  SipNameAddr value;
  const std::size_t semicolon = content_type.find(';');
  if (semicolon == std::string_view::npos) return {};
  value.parameters = content_type.substr(semicolon);
  return value.parameter("boundary");
}

// Splits a part into its own header fields and its content (RFC 2046 §5.1.1).
struct BodyPart {
  std::string_view content_type;
  std::string_view content;

  explicit BodyPart(std::string_view part) {
    while (!part.empty()) {
      const std::string_view line = trim(split_off(part, '\n'));
      if (line.empty()) break;
      const std::size_t colon = line.find(':');
      if (colon == std::string_view::npos) continue;
      const std::string_view name = trim(line.substr(0, colon));
      if (iequals(name, "Content-Type") || iequals(name, "c")) {
        content_type = trim(line.substr(colon + 1));
      }
    }
    content = part;
  }
};

std::string_view find_type(std::string_view content_type, std::string_view body,
                           std::string_view type, int depth);

// Is this line a delimiter of this boundary, and not of one that begins like it?
bool is_delimiter(std::string_view line, std::string_view boundary) {
  if (!line.starts_with("--") || !line.substr(2).starts_with(boundary)) return false;
  line = trim(line.substr(2 + boundary.size()));
  return line.empty() || line == "--";
}

std::string_view find_in_parts(std::string_view boundary, std::string_view body,
                               std::string_view type, int depth) {
  bool within = false;  // behind the first delimiter: before it stands the preamble
  std::size_t part_begin = 0;
  for (std::size_t at = body.find("--"); at != std::string_view::npos;
       at = body.find("--", at + 2)) {
    const bool line_start = at == 0 || body[at - 1] == '\n';
    if (!line_start) continue;
    const std::size_t line_end = body.find('\n', at);
    if (!is_delimiter(body.substr(at, line_end - at), boundary)) continue;
    if (within) {
      const BodyPart part(body.substr(part_begin, at - part_begin));
      const std::string_view found = find_type(part.content_type, part.content, type, depth);
      if (!found.empty()) return found;
    }
    if (line_end == std::string_view::npos) return {};
    within = true;
    part_begin = line_end + 1;
  }
  if (!within) return {};
  const BodyPart last(body.substr(part_begin));  // the closing delimiter is missing
  return find_type(last.content_type, last.content, type, depth);
}

std::string_view find_type(std::string_view content_type, std::string_view body,
                           std::string_view type, int depth) {
  if (iequals(media_type(content_type), type)) return body;
  const std::string_view boundary = boundary_of(content_type);
  if (depth == 0 || boundary.empty() || !istarts_with(content_type, "multipart/")) return {};
  return find_in_parts(boundary, body, type, depth - 1);
}

}  // namespace

std::string_view sip_body_of_type(const SipMessage& message, std::string_view type) {
  return find_type(message.content_type, message.body, type, kMaxMultipartDepth);
}

}  // namespace koegura::capture
