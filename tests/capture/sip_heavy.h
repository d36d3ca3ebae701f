// Messages of any size that ask a reader for as much work as that many bytes can: what a bound or a
// linear cost is measured with.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "capture/sdp.h"
#include "capture/sip_message.h"

namespace koegura::capture::test {

inline std::string repeated(std::string_view piece, std::size_t size) {
  std::string text;
  while (text.size() < size) text += piece;
  return text;
}

inline std::string invite_with(const std::string& fields, const std::string& body = "",
                               const std::string& from = "<sip:a@x>;tag=1") {
  return "INVITE sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: " + from +
         "\r\nTo: <sip:b@x>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n" + fields + "\r\n" + body;
}

inline std::string invite_with_parts(const std::string& boundary, const std::string& body) {
  return invite_with("Content-Type: multipart/mixed;boundary=\"" + boundary + "\"\r\n", body);
}

inline std::string invite_with_sdp(const std::string& lines) {
  return invite_with("Content-Type: application/sdp\r\n",
                     "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0 96\r\n" + lines);
}

struct HeavyShape {
  const char* name;
  std::string (*make)(std::size_t size);
};

inline constexpr HeavyShape kHeavyShapes[] = {
    {"fields", [](std::size_t size) { return invite_with(repeated("Z: y\r\n", size)); }},
    {"lines that are no field",
     [](std::size_t size) { return invite_with(repeated("y\r\n", size)); }},
    {"Via fields",
     [](std::size_t size) {
       return invite_with(repeated("v: SIP/2.0/UDP h;branch=z9hG4bK2\r\n", size));
     }},
    {"hops in one Via",
     [](std::size_t size) {
       return "INVITE sip:b@x SIP/2.0\r\nVia: " + repeated("SIP/2.0/UDP h, ", size) + "x;branch=2" +
              invite_with("").substr(22);
     }},
    {"commas",
     [](std::size_t size) { return invite_with("m: " + repeated("<a>,", size) + "\r\n"); }},
    {"folds",
     [](std::size_t size) { return invite_with("s: a" + repeated("\r\n b", size) + "\r\n"); }},
    {"a folded From",
     [](std::size_t size) {
       return invite_with("", "", "\"a" + repeated("\r\n b", size) + "\" <sip:a@x>;tag=1");
     }},
    {"escapes in a name",
     [](std::size_t size) {
       return invite_with("", "", "\"" + repeated("\\\"", size) + "\" <sip:a@x>;tag=1");
     }},
    {"a quote without end",
     [](std::size_t size) { return invite_with("", "", "<sip:a@x>;x=\"" + repeated("a;", size)); }},
    {"quoted parameters",
     [](std::size_t size) {
       return invite_with("", "", "<sip:a@x>" + repeated(";x=\"y\"", size) + ";tag=1");
     }},
    {"parameters",
     [](std::size_t size) {
       return invite_with("", "", "<sip:a@x>" + repeated(";x", size) + ";tag=1");
     }},
    {"parameters of a URI",
     [](std::size_t size) {
       return invite_with("", "", "<sip:a@x" + repeated(";x=%41", size) + ">;tag=1");
     }},
    {"angle brackets",
     [](std::size_t size) { return invite_with("", "", repeated("<", size) + "sip:a@x>;tag=1"); }},
    {"a Shift_JIS name",
     [](std::size_t size) {
       return invite_with("", "", "\"" + repeated("\x95\x5C", size) + "\" <sip:a@x>;tag=1");
     }},
    {"parts",
     [](std::size_t size) {
       return invite_with_parts("b", repeated("--b\r\nc: text/plain\r\n\r\nx\r\n", size));
     }},
    {"lines that are nearly a boundary",
     [](std::size_t size) {
       return invite_with_parts("bbbbbbbb", repeated("--bbbbbbbx\r\n", size));
     }},
    {"a long boundary",
     [](std::size_t size) {
       const std::string boundary(size / 2, 'b');
       return invite_with_parts(boundary, repeated("--" + boundary + "\r\n", size / 2));
     }},
    {"dashes", [](std::size_t size) { return invite_with_parts("b", repeated("--", size)); }},
    {"parts within parts",
     [](std::size_t size) {
       return invite_with_parts(
           "b",
           repeated(
               "--b\r\nc: multipart/x;boundary=b\r\n\r\n--c\r\nc:multipart/x;boundary=b\r\n\r\n",
               size));
     }},
    {"SDP lines", [](std::size_t size) { return invite_with_sdp(repeated("x=\r\n", size)); }},
    {"media lines",
     [](std::size_t size) { return invite_with_sdp(repeated("m=audio 1 RTP/AVP 0\r\n", size)); }},
    {"formats",
     [](std::size_t size) {
       return invite_with_sdp("m=audio 2 RTP/AVP" + repeated(" 99", size) + "\r\n");
     }},
    {"rtpmaps",
     [](std::size_t size) {
       return invite_with_sdp(repeated("a=rtpmap:96 opus/48000/2\r\n", size));
     }},
    {"rtpmaps of nothing",
     [](std::size_t size) { return invite_with_sdp(repeated("a=rtpmap:101 x/1\r\n", size)); }},
    {"long fmtps",
     [](std::size_t size) {
       return invite_with_sdp("a=fmtp:96 " + repeated("x=y;", size) + "\r\n");
     }},
    {"candidates",
     [](std::size_t size) {
       return invite_with_sdp(repeated("a=candidate:1 1 UDP 1 192.0.2.3 5 typ host\r\n", size));
     }},
    {"media lines with candidates in a bundle",
     [](std::size_t size) {
       return invite_with_sdp(repeated("a=candidate:1 1 UDP 1 192.0.2.3 5 typ host\r\n", size / 4) +
                              repeated("m=audio 0 RTP/AVP 0\r\na=bundle-only\r\n", size / 2));
     }},
};

// All that is read of a message, as Signalling would. The sum keeps it from being left out.
inline std::size_t read_whole(const std::string& text) {
  const Bytes bytes = std::as_bytes(std::span(text));
  std::size_t sum = looks_like_sip(bytes) ? 1 : 0;
  sum += sip_message_length(bytes).value_or(0);
  const auto message = parse_sip(bytes);
  if (!message) return sum;
  sum += message->from.tag().size() + message->to.tag().size();
  for (const SipHeader& header : message->headers) {
    const auto address = SipNameAddr::parse(header.value);
    if (address) sum += address->tag().size();
  }
  const std::string_view description = sip_body_of_type(*message, "application/sdp");
  if (!description.empty()) sum += parse_sdp(description).has_value() ? 1 : 0;
  return sum;
}

}  // namespace koegura::capture::test
