// Ladder: the SIP messages of one call, in order of time (RFC 3261 §13, §14, §15; RFC 3264 §8.4).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "call_plan.h"
#include "codec.h"

namespace koegura::traffic {

// One message, small enough to keep for every call going on; its text is made when it is sent.
struct SipLine {
  enum class Method : std::uint8_t { kInvite, kAck, kBye, kCancel, kRefer, kNotify, kInfo };
  enum class Media : std::uint8_t { kNone, kSendRecv, kSendOnly, kRecvOnly, kInactive };

  Timestamp time{};
  Side sender = Side::kCaller;
  Side client = Side::kCaller;  // who sent the transaction's request
  Method method = Method::kInvite;
  std::uint16_t status = 0;  // 0: the request
  std::uint32_t cseq = 1;
  std::uint8_t branch = 0;  // within the call; ACK of a 2xx is a transaction of its own
  bool in_dialog = false;   // the request goes to the other's Contact
  bool to_tag = true;
  Media media = Media::kNone;  // SDP with this direction
  std::uint8_t sdp_version = 0;
  char digit = 0;          // of an INFO
  std::uint8_t extra = 0;  // 1 + the place in the plan's extras
};

[[nodiscard]] SipLine reply(const SipLine& request, Timestamp time, std::uint16_t status);
// The ACK of a 2xx (RFC 3261 §13.2.2.4): a new transaction with the INVITE's CSeq number.
[[nodiscard]] SipLine acknowledge(const SipLine& invite, Timestamp time);
// The ACK of a refusal (RFC 3261 §17.1.1.3): it belongs to the INVITE's transaction.
[[nodiscard]] SipLine acknowledge_refusal(const SipLine& invite, Timestamp time);

[[nodiscard]] std::vector<SipLine> ladder_of(const CallPlan& plan);

// What the text needs beside the plan.
struct SipWording {
  const Codec* codec = nullptr;
  std::uint32_t packet_time_ms = 20;
  std::string_view transport = "UDP";
};

[[nodiscard]] std::string text_of(const SipLine& line, const CallPlan& plan,
                                  const SipWording& wording);

}  // namespace koegura::traffic
