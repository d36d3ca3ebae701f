#include <fmt/format.h>

#include <iterator>

#include "ladder.h"

namespace koegura::traffic {
namespace {

using Method = SipLine::Method;
using Media = SipLine::Media;

std::string_view name_of(Method method) {
  switch (method) {
    case Method::kInvite:
      return "INVITE";
    case Method::kAck:
      return "ACK";
    case Method::kBye:
      return "BYE";
    case Method::kCancel:
      return "CANCEL";
    case Method::kRefer:
      return "REFER";
    case Method::kNotify:
      return "NOTIFY";
    case Method::kInfo:
      return "INFO";
  }
  return {};
}

std::string_view direction_of(Media media) {
  switch (media) {
    case Media::kSendRecv:
      return "sendrecv";
    case Media::kSendOnly:
      return "sendonly";
    case Media::kRecvOnly:
      return "recvonly";
    case Media::kInactive:
      return "inactive";
    case Media::kNone:
      break;
  }
  return {};
}

std::string_view phrase_of(std::uint16_t status) {
  switch (status) {
    case 100:
      return "Trying";
    case 180:
      return "Ringing";
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 480:
      return "Temporarily Unavailable";
    case 486:
      return "Busy Here";
    case 487:
      return "Request Terminated";
    default:
      return "";
  }
}

std::string address_of_record(const CallPlan& plan, Side side) {
  return fmt::format("sip:{}@{};user=phone", plan.numbers[index_of(side)],
                     plan.domains[index_of(side)]);
}

std::string contact(const CallPlan& plan, Side side, const SipWording& wording) {
  return fmt::format("sip:{}@{}{}", plan.numbers[index_of(side)],
                     plan.sip[index_of(side)].to_string(),
                     wording.transport == "TCP" ? ";transport=tcp" : "");
}

// RFC 4566 and RFC 3264; RFC 4733 §2.4.1 for the events.
std::string session_description(const SipLine& line, const CallPlan& plan,
                                const SipWording& wording) {
  const Codec& codec = *wording.codec;
  const Endpoint& media = plan.media[index_of(line.sender)];
  const std::string address = media.address.to_string();
  const std::string_view family = media.address.is_v4() ? "IP4" : "IP6";
  std::string sdp;
  auto out = std::back_inserter(sdp);
  fmt::format_to(out, "v=0\r\no=- {} {} IN {} {}\r\ns=-\r\nc=IN {} {}\r\nt=0 0\r\n",
                 1'000'000 + plan.index, 1 + line.sdp_version, family, address, family, address);
  fmt::format_to(out, "m=audio {} RTP/{} {} {}\r\n", media.port,
                 plan.srtp.suite == nullptr ? "AVP" : "SAVP", codec.payload_type,
                 kEventPayloadType);
  sdp += crypto_lines(plan.srtp, line.sender, line.sdp_version, line.status == 0);
  fmt::format_to(out, "a=rtpmap:{} {}/{}{}\r\n", codec.payload_type, codec.name, codec.clock_rate,
                 codec.channels == 2 ? "/2" : "");
  if (!codec.fmtp.empty()) fmt::format_to(out, "a=fmtp:{} {}\r\n", codec.payload_type, codec.fmtp);
  fmt::format_to(out, "a=rtpmap:{} telephone-event/{}\r\na=fmtp:{} 0-15\r\n", kEventPayloadType,
                 codec.clock_rate, kEventPayloadType);
  fmt::format_to(out, "a=ptime:{}\r\na={}\r\n", wording.packet_time_ms, direction_of(line.media));
  return sdp;
}

std::string start_line(const SipLine& line, const CallPlan& plan, const SipWording& wording) {
  if (line.status != 0)
    return fmt::format("SIP/2.0 {} {}\r\n", line.status, phrase_of(line.status));
  const Side to = other(line.sender);
  return fmt::format("{} {} SIP/2.0\r\n", name_of(line.method),
                     line.in_dialog ? contact(plan, to, wording) : address_of_record(plan, to));
}

// RFC 3261 §12.1, RFC 3515 §2.2, RFC 6665 §4.4: messages that name the dialog's target.
bool names_target(const SipLine& line) {
  if (line.method == Method::kRefer || line.method == Method::kNotify) return line.status < 300;
  return line.method == Method::kInvite && line.status != 100 && line.status < 300;
}

// RFC 7989 §5: the sender's own, and the other's as far as it is known.
std::string session_id(const SipLine& line, const CallPlan& plan) {
  const std::string& local = plan.session_uuids[index_of(line.sender)];
  if (local.empty()) return {};
  const bool unknown = !line.to_tag && line.sender == line.client;
  const std::string remote =
      unknown ? std::string(32, '0') : plan.session_uuids[index_of(other(line.sender))];
  return fmt::format("Session-ID: {};remote={}\r\n", local, remote);
}

struct SipBody {
  std::string_view type;
  std::string text;
};

SipBody body_of(const SipLine& line, const CallPlan& plan, const SipWording& wording) {
  if (line.media != Media::kNone) {
    return {"application/sdp", session_description(line, plan, wording)};
  }
  if (line.digit != 0) {
    return {"application/dtmf-relay", fmt::format("Signal={}\r\nDuration=100\r\n", line.digit)};
  }
  if (line.extra == 0) return {};
  return {"message/sipfrag", plan.extras[line.extra - 1].fragment};
}

}  // namespace

std::string text_of(const SipLine& line, const CallPlan& plan, const SipWording& wording) {
  const Side server = other(line.client);
  const bool request = line.status == 0;
  std::string text = start_line(line, plan, wording);
  auto out = std::back_inserter(text);
  fmt::format_to(out, "Via: SIP/2.0/{} {};branch=z9hG4bK{}{:02}\r\n", wording.transport,
                 plan.sip[index_of(line.client)].to_string(), plan.tags[0], line.branch);
  if (request) fmt::format_to(out, "Max-Forwards: 70\r\n");
  fmt::format_to(out, "From: <{}>;tag={}\r\n", address_of_record(plan, line.client),
                 plan.tags[index_of(line.client)]);
  fmt::format_to(out, "To: <{}>{}{}\r\n", address_of_record(plan, server),
                 line.to_tag ? ";tag=" : "", line.to_tag ? plan.tags[index_of(server)] : "");
  fmt::format_to(out, "Call-ID: {}\r\nCSeq: {} {}\r\n", plan.call_id, line.cseq,
                 name_of(line.method));
  if (names_target(line)) {
    fmt::format_to(out, "Contact: <{}>\r\nAllow: INVITE, ACK, BYE, CANCEL, OPTIONS\r\n",
                   contact(plan, line.sender, wording));
  }
  if (request && line.method == Method::kInvite && !line.in_dialog) {
    fmt::format_to(out, "P-Asserted-Identity: <{}>\r\n", address_of_record(plan, Side::kCaller));
  }
  if (request) fmt::format_to(out, "User-Agent: koegura-traffic\r\n");
  text += session_id(line, plan);
  if (line.extra != 0) text += plan.extras[line.extra - 1].headers;
  const auto [type, body] = body_of(line, plan, wording);
  if (!body.empty()) fmt::format_to(out, "Content-Type: {}\r\n", type);
  fmt::format_to(out, "Content-Length: {}\r\n\r\n{}", body.size(), body);
  return text;
}

}  // namespace koegura::traffic
