// SIP messages as they come: parse_sip, looks_like_sip and sip_message_length.

#include "capture/sip_message.h"

#include <doctest/doctest.h>

#include <string>

namespace koegura::capture {
namespace {

Bytes bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// Every header field a message must have, and no more.
constexpr std::string_view kHeader =
    "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n"
    "From: <sip:a@x>;tag=1\r\n"
    "To: <sip:b@x>\r\n"
    "Call-ID: c\r\n"
    "CSeq: 1 INVITE\r\n";

std::string invite(std::string_view more) {
  return "INVITE sip:b@x SIP/2.0\r\n" + std::string(kHeader) + std::string(more);
}

Defect refusal_of(std::string_view text) {
  const auto message = parse_sip(bytes(text));
  REQUIRE_FALSE(message);
  return message.error();
}

}  // namespace

TEST_CASE("a request is read in place") {
  const std::string text =
      invite("Content-Type: application/sdp\r\nContent-Length: 4\r\n\r\nv=0\n");
  const auto message = parse_sip(bytes(text));
  REQUIRE(message);
  CHECK(message->is_request());
  CHECK(message->method == "INVITE");
  CHECK(message->request_uri == "sip:b@x");
  CHECK(message->call_id == "c");
  CHECK(message->cseq == 1);
  CHECK(message->from.uri == "sip:a@x");
  CHECK(message->from.tag() == "1");
  CHECK(message->to.tag().empty());
  CHECK(message->top_branch == "z9hG4bK1");
  CHECK(message->content_type == "application/sdp");
  CHECK(message->body == "v=0\n");
  CHECK(message->headers.size() == 7);
  CHECK(message->length == text.size());
  CHECK(message->call_id.data() > text.data());
}

TEST_CASE("a response has the method of its CSeq") {
  const std::string text = "SIP/2.0 180 Ringing now\r\n" + std::string(kHeader);
  const auto message = parse_sip(bytes(text));
  REQUIRE(message);
  CHECK_FALSE(message->is_request());
  CHECK(message->status == 180);
  CHECK(message->reason_phrase == "Ringing now");
  CHECK(message->method == "INVITE");
  CHECK(message->request_uri.empty());
}

TEST_CASE("compact names, any case and line feeds alone are the same message") {
  const auto message = parse_sip(
      bytes("INVITE sip:b@x SIP/2.0\nv: SIP/2.0/UDP h;branch=br\nf:<sip:a@x>;tag=1\n"
            "T : sip:b@x;tag=2\nI: c\ncSEQ: 7   INVITE\nx: 90\nC: application/sdp\nL: 2\n\nv=12"));
  REQUIRE(message);
  CHECK(message->top_branch == "br");
  CHECK(message->to.tag() == "2");
  CHECK(message->call_id == "c");
  CHECK(message->cseq == 7);
  CHECK(message->header("Session-Expires") == "90");
  CHECK(message->header("session-expires") == "90");
  CHECK(message->body == "v=");
}

TEST_CASE("a folded line belongs to its field") {
  const std::string text = invite("Subject: one\r\n two\r\n\tthree\r\nZ: y\r\n\r\n");
  const auto message = parse_sip(bytes(text));
  REQUIRE(message);
  CHECK(message->header("Subject") == "one\r\n two\r\n\tthree");
  CHECK(message->header("Z") == "y");
}

TEST_CASE("the body goes to the end where no Content-Length can be believed") {
  for (const std::string_view length :
       {"", "Content-Length: 999\r\n", "Content-Length: -1\r\n", "Content-Length: four\r\n",
        "Content-Length:\r\n", "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: 99999999999999999999999\r\n"}) {
    CAPTURE(length);
    const std::string text = invite(std::string(length) + "\r\nbody");
    const auto message = parse_sip(bytes(text));
    REQUIRE(message);
    CHECK(message->body == "body");
    CHECK(message->length == text.size());
  }
}

TEST_CASE("what follows the body is not part of the message") {
  const std::string text = "\r\n\r\n" + invite("Content-Length: 4\r\n\r\nbody");
  const std::string datagram = text + "INVITE sip:x SIP/2.0\r\n";
  const auto message = parse_sip(bytes(datagram));
  REQUIRE(message);
  CHECK(message->body == "body");
  CHECK(message->length == text.size());
}

TEST_CASE("a line that is no header field is passed over") {
  const std::string text = invite("no colon here\r\n: no name\r\nZ: y\r\n\r\n");
  const auto message = parse_sip(bytes(text));
  REQUIRE(message);
  CHECK(message->header("Z") == "y");
}

TEST_CASE("each missing or broken part has its own defect") {
  const std::string start = "INVITE sip:b@x SIP/2.0\r\n";
  CHECK(refusal_of("") == Defect::kSipBadStartLine);
  CHECK(refusal_of("INVITE\r\n") == Defect::kSipBadStartLine);
  CHECK(refusal_of("INVITE SIP/2.0\r\n") == Defect::kSipBadStartLine);
  CHECK(refusal_of("IN/VITE sip:b@x SIP/2.0\r\n") == Defect::kSipBadStartLine);
  CHECK(refusal_of("GET / HTTP/1.1\r\n") == Defect::kSipBadStartLine);
  CHECK(refusal_of("INVITE sip:b@x SIP/3.0\r\n") == Defect::kSipBadVersion);
  CHECK(refusal_of("SIP/1.0 200 OK\r\n") == Defect::kSipBadVersion);
  CHECK(refusal_of("SIP/2.0 99 Low\r\n") == Defect::kSipBadStatus);
  CHECK(refusal_of("SIP/2.0 OK\r\n") == Defect::kSipBadStatus);
  CHECK(refusal_of("SIP/2.0 0200 OK\r\n") == Defect::kSipBadStatus);
  CHECK(refusal_of("SIP/2.0 700 High\r\n") == Defect::kSipBadStatus);
  CHECK(refusal_of(start) == Defect::kSipNoCallId);
  CHECK(refusal_of(start + "i: c\r\n") == Defect::kSipNoFrom);
  CHECK(refusal_of(start + "i: c\r\nf: <>\r\n") == Defect::kSipNoFrom);
  CHECK(refusal_of(start + "i: c\r\nf: <sip:a\r\n") == Defect::kSipNoFrom);
  CHECK(refusal_of(start + "i: c\r\nf: sip:a\r\n") == Defect::kSipNoTo);
  CHECK(refusal_of(start + "i: c\r\nf: sip:a\r\nt: sip:b\r\n") == Defect::kSipNoCseq);
  CHECK(refusal_of(start + "i: c\r\nf: sip:a\r\nt: sip:b\r\nCSeq: 1\r\n") == Defect::kSipNoCseq);
  CHECK(refusal_of(start + "i: c\r\nf: sip:a\r\nt: sip:b\r\nCSeq: 1 ACK\r\n") ==
        Defect::kSipCseqMethod);
  CHECK(refusal_of("SIP/2.0 200 OK\r\ni: c\r\nf: sip:a\r\nt: sip:b\r\nCSeq: 1 A/B\r\n") ==
        Defect::kSipNoCseq);
  CHECK(parse_sip(bytes(start + "i: c\r\nf: sip:a\r\nt: sip:b\r\nCSeq: 1 INVITE more\r\n")));
}

TEST_CASE("a message that asks for too much is refused") {
  std::string fields;
  for (std::size_t i = 0; i <= kMaxSipHeaders; ++i) fields += "Z: y\r\n";
  CHECK(refusal_of(invite(fields)) == Defect::kSipTooLarge);
  CHECK(refusal_of(invite("Z: " + std::string(kMaxSipHeaderBytes, 'y') + "\r\n\r\n")) ==
        Defect::kSipTooLarge);
  const std::string key(kMaxSipKeyBytes + 1, 'y');
  for (const std::string& fields :
       {"i: " + key + "\r\nf: sip:a\r\nt: sip:b\r\n",
        "i: c\r\nf: sip:a;tag=" + key + "\r\nt: sip:b\r\n",
        "i: c\r\nf: sip:a\r\nt: sip:b;tag=" + key + "\r\n",
        "i: c\r\nf: sip:a\r\nt: sip:b\r\nv: x;branch=" + key + "\r\n"}) {
    CHECK(refusal_of("INVITE sip:b@x SIP/2.0\r\n" + fields + "CSeq: 1 INVITE\r\n") ==
          Defect::kSipTooLarge);
  }
  CHECK(refusal_of("INVITE sip:" + std::string(9000, 'y') + " SIP/2.0\r\n") ==
        Defect::kSipBadStartLine);
}

TEST_CASE("looks_like_sip knows SIP from its neighbours on the wire") {
  CHECK(looks_like_sip(bytes("INVITE sip:b@x SIP/2.0\r\n")));
  CHECK(looks_like_sip(bytes("\r\n\r\nsip/2.0 200 OK")));
  CHECK(looks_like_sip(bytes("OPTIONS  soap.beep://x  SIP/7.0  \n")));
  CHECK_FALSE(looks_like_sip(bytes("")));
  CHECK_FALSE(looks_like_sip(bytes("\r\n\r\n")));
  CHECK_FALSE(looks_like_sip(bytes("GET / HTTP/1.1\r\nVia: SIP/2.0\r\n")));
  CHECK_FALSE(looks_like_sip(bytes("INVITE sip:b@x")));
  CHECK_FALSE(looks_like_sip(bytes(std::string_view("\x80\x00\x12\x34 SIP/2.0", 12))));
}

TEST_CASE("the address of a header field is taken apart") {
  struct Row {
    std::string_view value;
    std::string_view name;
    std::string_view uri;
    std::string_view tag;
  };
  constexpr Row kRows[] = {
      {"<sip:a@x>;tag=1", "", "sip:a@x", "1"},
      {"sip:a@x;tag=1", "", "sip:a@x", "1"},
      {"\"A; <B>\" <sip:a@x;lr>;q=1;TAG = \"1\"", "A; <B>", "sip:a@x;lr", "1"},
      {"Alice In Wonderland <sip:a@x>", "Alice In Wonderland", "sip:a@x", ""},
      {"\"a\\\"b\"<sip:a@x>;x=\"tag=2;\";tag=3", "a\\\"b", "sip:a@x", "3"},
      {"<tel:+81312345678>, <sip:other@x>", "", "tel:+81312345678", ""},
      {"tel:+81312345678, sip:other@x", "", "tel:+81312345678", ""},
      {"< sip:a@x > ; tagged=1 ; tag", "", "sip:a@x", ""},
      {"\"unbalanced <sip:a@x>;tag=1", "unbalanced", "sip:a@x", "1"},
      {"no brackets sip:a@x;tag=1", "no brackets", "sip:a@x", "1"},
      {"\"quoted\" sip:a@x;tag=1", "", "sip:a@x", "1"},
      {"sip:a b@x;tag=1", "", "sip:a b@x", "1"},
  };
  for (const Row& row : kRows) {
    CAPTURE(row.value);
    const auto address = SipNameAddr::parse(row.value);
    REQUIRE(address);
    CHECK(address->display_name == row.name);
    CHECK(address->uri == row.uri);
    CHECK(address->tag() == row.tag);
  }
  CHECK_FALSE(SipNameAddr::parse(""));
  CHECK_FALSE(SipNameAddr::parse("<>"));
  CHECK_FALSE(SipNameAddr::parse("Alice <sip:a@x"));
  CHECK_FALSE(SipNameAddr::parse("\"Alice\""));
  CHECK_FALSE(SipNameAddr::parse("\"Alice"));
}

TEST_CASE("the description is found in a multipart body, however deep and however it ends") {
  const std::string parts =
      "preamble --b is no delimiter\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
      "--b\r\nContent-Type: multipart/alternative; boundary=\"in;ner\"\r\n\r\n"
      "--in;ner\r\nc: Application/SDP;x=y\r\nContent-Disposition: session\r\n\r\nv=0\r\n"
      "--in;ner--\r\n--b--\r\n";
  const std::string text = invite("Content-Type: multipart/mixed;boundary=b\r\n\r\n" + parts);
  const auto message = parse_sip(bytes(text));
  REQUIRE(message);
  CHECK(sip_body_of_type(*message, "application/sdp") == "v=0\r\n");
  CHECK(sip_body_of_type(*message, "text/plain") == "hello\r\n");
  CHECK(sip_body_of_type(*message, "application/dtmf").empty());

  const std::string cut = invite(
      "Content-Type: multipart/mixed;boundary=b\r\n\r\n--b\r\nContent-Type: application/sdp\r\n"
      "\r\nv=0\r\n");
  const auto unended = parse_sip(bytes(cut));
  REQUIRE(unended);
  CHECK(sip_body_of_type(*unended, "application/sdp") == "v=0\r\n");
}

TEST_CASE("a boundary that another one begins with delimits only its own parts") {
  const std::string text = invite(
      "Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n--b \r\n"
      "Content-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n"
      "Content-Type: text/plain\r\n\r\n--b is no delimiter here\r\n--bb\r\n"
      "Content-Type: application/sdp\r\n\r\nv=0\r\n--bb--\r\n--b--\r\n");
  const auto message = parse_sip(bytes(text));
  REQUIRE(message);
  CHECK(sip_body_of_type(*message, "application/sdp") == "v=0\r\n");
  CHECK(sip_body_of_type(*message, "text/plain") == "--b is no delimiter here\r\n");
}

TEST_CASE("a multipart body with line feeds alone has its parts as well") {
  const std::string text = invite(
      "Content-Type: multipart/mixed;boundary=b\n\n--b\nContent-Type: text/plain\n\nhello\n--b\n"
      "content-type:application/sdp\n\nv=0\n--b--\n");
  const auto message = parse_sip(bytes(text));
  REQUIRE(message);
  CHECK(sip_body_of_type(*message, "application/sdp") == "v=0\n");
}

TEST_CASE(
    "fields that must be there may be folded, and their names may stand apart from the colon") {
  const std::string text =
      "INVITE sip:b@x SIP/2.0\r\nVia\r\n : SIP/2.0/UDP h\r\n ;branch\r\n =br\r\n"
      "From:\r\n \"A\"\r\n\t<sip:a@x>\r\n ;tag\r\n =\r\n 1\r\nTo :\r\n sip:b@x\r\n"
      "Call-ID\t:\r\n  c\r\n  \r\nCSeq:\r\n 1\r\n INVITE\r\nContent-Length:\r\n 2\r\n\r\nv=rest";
  const auto message = parse_sip(bytes(text));
  REQUIRE(message);
  CHECK(message->from.tag() == "1");
  CHECK(message->from.display_name == "A");
  CHECK(message->to.uri == "sip:b@x");
  CHECK(message->call_id == "c");
  CHECK(message->cseq == 1);
  CHECK(message->top_branch == "br");
  CHECK(message->body == "v=");
}

TEST_CASE("on a stream a message is as long as it says, and unfinished until then") {
  const std::string text = "\r\n" + invite("l: 4\r\n\r\nbody");
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    CAPTURE(cut);
    CHECK(sip_message_length(bytes(text).first(cut)) == 0U);
  }
  CHECK(sip_message_length(bytes(text)) == text.size());
  CHECK(sip_message_length(bytes(text + "INVITE")) == text.size());
}

TEST_CASE("on a stream that comes byte by byte a message has the same length") {
  const std::string text = "\r\n" + invite("Z: a\r\n\tb\r\nl: 4\r\n\r\nbody");
  SipProgress progress;
  for (std::size_t size = 0; size < text.size(); ++size) {
    CAPTURE(size);
    CHECK(sip_message_length(bytes(text).first(size), progress) == 0U);
  }
  CHECK(sip_message_length(bytes(text), progress) == text.size());
  CHECK(sip_message_length(bytes(text + "INVITE"), progress) == text.size());
}

TEST_CASE("on a stream line feeds alone, compact names and folds delimit as well") {
  const std::string text = "INVITE sip:b@x SIP/2.0\nf: <sip:a@x>\nL\n :\n 2\n\nv=";
  CHECK(sip_message_length(bytes(text)) == text.size());
  CHECK(sip_message_length(bytes(text + "INVITE")) == text.size());
}

TEST_CASE("on a stream no Content-Length means no body") {
  const std::string text = invite("\r\n");
  CHECK(sip_message_length(bytes(text + "rest")) == text.size());
}

TEST_CASE("on a stream what is no message is a defect, not a reason to wait") {
  const auto refusal = [](const std::string& text) {
    const auto length = sip_message_length(bytes(text));
    REQUIRE_FALSE(length);
    return length.error();
  };
  CHECK(refusal("\x16\x03\x01") == Defect::kSipBadStartLine);
  CHECK(refusal("GET / HTTP/1.1\r\n") == Defect::kSipBadStartLine);
  CHECK(refusal(std::string(10000, 'x')) == Defect::kSipBadStartLine);
  CHECK(refusal(invite("l: x\r\n\r\n")) == Defect::kSipBadHeader);
  CHECK(refusal(invite("l: 5\r\nl: 6\r\n\r\n")) == Defect::kSipBadHeader);
  CHECK(refusal(invite("l: 99999999\r\n\r\n")) == Defect::kSipTooLarge);
  CHECK(refusal(invite("Z: " + std::string(70000, 'x'))) == Defect::kSipTooLarge);
}

}  // namespace koegura::capture
