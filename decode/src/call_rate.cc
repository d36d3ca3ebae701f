#include "call_rate.h"

#include <algorithm>

#include "format_map.h"
#include "red.h"
#include "rtp_reader.h"
#include "stream_decryptor.h"

namespace koegura::decode {
namespace {

constexpr std::uint32_t kTelephone = 8000;

// The highest rate in the packets, or `enough` as soon as that is reached.
Result<std::uint32_t> sent_rate(const capture::FinishedStream& stream, FormatMap& formats,
                                std::uint32_t enough) {
  RtpReader reader(stream.spooled);
  RtpReader::Arrived arrived;
  RedPayload red;
  std::uint32_t highest = 0;
  while (highest < enough) {
    const Result<bool> more = reader.next(arrived);
    if (!more) return tl::make_unexpected(more.error());
    if (!*more) break;
    PayloadMeaning* read = &formats.at(arrived.rtp.payload_type, arrived.time);
    if (read->role == PayloadRole::kRedundant && red.read(arrived.rtp.payload)) {
      read = &formats.at(red.primary().payload_type, arrived.time);
    }
    const PayloadMeaning& meaning = *read;
    if (meaning.role == PayloadRole::kAudio) highest = std::max(highest, meaning.audio_rate);
  }
  return highest;
}

}  // namespace

Result<std::uint32_t> call_rate(const capture::FinishedCall& call) {
  std::uint32_t rate = kTelephone;
  for (const capture::FinishedStream& stream : call.streams) {
    FormatMap formats(call, stream);
    const std::uint32_t possible = formats.highest_possible_rate();
    if (!formats.carries_audio() || possible <= rate) continue;
    if (StreamDecryptor(call, stream).is_sealed_for_good()) continue;
    const Result<std::uint32_t> sent = sent_rate(stream, formats, possible);
    if (!sent) return sent;
    rate = std::max(rate, *sent);
  }
  return rate;
}

}  // namespace koegura::decode
