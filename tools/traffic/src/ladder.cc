#include "ladder.h"

namespace koegura::traffic {
namespace {

using Method = SipLine::Method;
using Media = SipLine::Media;

constexpr SipLine kInvite = {.method = Method::kInvite, .to_tag = false, .media = Media::kSendRecv};

SipLine answer(const SipLine& invite, Timestamp time, Media media) {
  SipLine line = reply(invite, time, 200);
  line.media = media;
  return line;
}

void append_reoffer(std::vector<SipLine>& lines, const Reoffer& times, const SipLine& offer,
                    Media answered) {
  SipLine invite = offer;
  invite.time = times.offered;
  lines.push_back(invite);
  lines.push_back(answer(invite, times.answered, answered));
  lines.push_back(acknowledge(invite, times.acknowledged));
}

void append_hold(std::vector<SipLine>& lines, const CallPlan& plan) {
  const bool music = plan.hold->music;
  SipLine offer = {.sender = Side::kCallee,
                   .client = Side::kCallee,
                   .branch = 10,
                   .in_dialog = true,
                   .media = music ? Media::kSendOnly : Media::kInactive,
                   .sdp_version = 1};
  append_reoffer(lines, plan.hold->hold, offer, music ? Media::kRecvOnly : Media::kInactive);
  offer.cseq = 2;
  offer.branch = 12;
  offer.media = Media::kSendRecv;
  offer.sdp_version = 2;
  append_reoffer(lines, plan.hold->resume, offer, Media::kSendRecv);
}

// The caller's first request within the dialog is the CSeq after the INVITE's.
constexpr std::uint32_t kFirstWithin = 2;

std::uint32_t count_infos(const CallPlan& plan) {
  std::uint32_t count = 0;
  for (const PressedDigit& digit : plan.digits) count += digit.via == DigitVia::kInfo ? 1 : 0;
  return count;
}

void append_infos(std::vector<SipLine>& lines, const CallPlan& plan) {
  constexpr std::uint32_t kFirstBranch = 30;
  constexpr std::uint32_t kBranches = 200;  // with others' CSeq they may come again
  std::uint32_t count = 0;
  for (const PressedDigit& digit : plan.digits) {
    if (digit.via != DigitVia::kInfo) continue;
    const SipLine info = {
        .time = digit.at,
        .method = Method::kInfo,
        .cseq = kFirstWithin + count + (plan.rekey && plan.rekey->offered < digit.at ? 1 : 0),
        .branch = static_cast<std::uint8_t>(kFirstBranch + count % kBranches),
        .in_dialog = true,
        .digit = digit.digit};
    ++count;
    lines.push_back(info);
    lines.push_back(reply(info, digit.at + plan.reply, 200));
  }
}

void append_rekey(std::vector<SipLine>& lines, const CallPlan& plan) {
  std::uint32_t infos = 0;  // before it
  for (const PressedDigit& digit : plan.digits) {
    infos += digit.via == DigitVia::kInfo && digit.at <= plan.rekey->offered ? 1 : 0;
  }
  const SipLine offer = {.cseq = kFirstWithin + infos,
                         .branch = 10,
                         .in_dialog = true,
                         .media = Media::kSendRecv,
                         .sdp_version = 1};
  append_reoffer(lines, *plan.rekey, offer, Media::kSendRecv);
}

void append_release(std::vector<SipLine>& lines, const CallPlan& plan) {
  if (!plan.bye) return;
  // The callee's CSeq space is its own (RFC 3261 §12.2.1.1): its re-INVITEs were 1 and 2. The
  // caller's were its INVITE and the one that brought new keys.
  const bool caller = plan.released_by == Side::kCaller;
  SipLine bye = {.time = plan.end,
                 .sender = plan.released_by,
                 .client = plan.released_by,
                 .method = Method::kBye,
                 .cseq = caller ? kFirstWithin + count_infos(plan) + (plan.rekey ? 1U : 0U) : 3U,
                 .branch = 20,
                 .in_dialog = true};
  lines.push_back(bye);
  lines.push_back(reply(bye, plan.end + plan.reply, 200));
}

void append_refusal(std::vector<SipLine>& lines, const SipLine& invite, Timestamp time,
                    std::uint16_t status) {
  lines.push_back(reply(invite, time, status));
  lines.push_back(acknowledge_refusal(invite, time + Duration(std::chrono::milliseconds(4))));
}

void append_cancel(std::vector<SipLine>& lines, const SipLine& invite, const CallPlan& plan) {
  SipLine cancel = invite;
  cancel.time = plan.end;
  cancel.method = Method::kCancel;
  cancel.media = Media::kNone;
  lines.push_back(cancel);
  lines.push_back(reply(cancel, plan.end + plan.reply, 200));
  append_refusal(lines, invite, plan.end + 2 * plan.reply, 487);
}

}  // namespace

SipLine reply(const SipLine& request, Timestamp time, std::uint16_t status) {
  SipLine line = request;
  line.time = time;
  line.sender = other(request.sender);
  line.status = status;
  line.to_tag = status != 100;  // RFC 3261 §8.2.6.2
  line.media = Media::kNone;
  line.extra = 0;
  line.digit = 0;
  return line;
}

SipLine acknowledge(const SipLine& invite, Timestamp time) {
  SipLine line = invite;
  line.time = time;
  line.method = Method::kAck;
  line.branch = static_cast<std::uint8_t>(invite.branch + 1);
  line.in_dialog = true;
  line.to_tag = true;
  line.media = Media::kNone;
  line.extra = 0;
  return line;
}

SipLine acknowledge_refusal(const SipLine& invite, Timestamp time) {
  SipLine line = acknowledge(invite, time);
  line.branch = invite.branch;
  line.in_dialog = false;
  return line;
}

std::vector<SipLine> ladder_of(const CallPlan& plan) {
  SipLine invite = kInvite;
  invite.time = plan.start;
  std::vector<SipLine> lines = {invite, reply(invite, plan.trying, 100)};
  if (plan.ringing) lines.push_back(reply(invite, *plan.ringing, 180));
  switch (plan.outcome) {
    case Outcome::kAnswered:
      lines.push_back(answer(invite, *plan.answered, Media::kSendRecv));
      lines.push_back(acknowledge(invite, plan.acknowledged));
      if (plan.rekey) append_rekey(lines, plan);
      append_infos(lines, plan);
      if (plan.hold) append_hold(lines, plan);
      append_release(lines, plan);
      break;
    case Outcome::kBusy:
      append_refusal(lines, invite, plan.end, 486);
      break;
    case Outcome::kMissed:
      append_refusal(lines, invite, plan.end, 480);
      break;
    case Outcome::kCancelled:
      append_cancel(lines, invite, plan);
      break;
  }
  return lines;
}

}  // namespace koegura::traffic
