#include "decode/rendered_call.h"

#include "decode/encoded_flac.h"

namespace koegura::decode {

std::string_view name_of(SpanKind kind) {
  switch (kind) {
    case SpanKind::kRinging:
      return "ringing";
    case SpanKind::kEarlyMedia:
      return "early-media";
    case SpanKind::kTalk:
      return "talk";
    case SpanKind::kHold:
      return "hold";
    case SpanKind::kNoMedia:
      return "no-media";
    case SpanKind::kLoss:
      return "loss";
    case SpanKind::kDtx:
      return "dtx";
    case SpanKind::kLate:
      return "late";
    case SpanKind::kUndecodable:
      return "undecodable";
    case SpanKind::kOutage:
      return "outage";
    case SpanKind::kTransfer:
      return "transfer";
    case SpanKind::kRepaired:
      return "repaired";
    case SpanKind::kConcealed:
      return "concealed";
    case SpanKind::kMute:
      return "mute";
    case SpanKind::kRedacted:
      return "redacted";
  }
  return "";
}

std::string_view name_of(LostBy by) {
  switch (by) {
    case LostBy::kUnknown:
      return "";
    case LostBy::kNetwork:
      return "network";
    case LostBy::kTap:
      return "tap";
    case LostBy::kSender:
      return "sender";
  }
  return "";
}

RenderedAudio::RenderedAudio() = default;
RenderedAudio::RenderedAudio(RenderedAudio&&) noexcept = default;
RenderedAudio& RenderedAudio::operator=(RenderedAudio&&) noexcept = default;
RenderedAudio::~RenderedAudio() = default;

}  // namespace koegura::decode
