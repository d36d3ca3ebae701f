#include "format_map.h"

#include <algorithm>

namespace koegura::decode {
namespace {

using capture::MediaKind;
using capture::NegotiatedMedia;

constexpr std::uint8_t kFirstDynamicType = 96;  // RFC 3551 §6
constexpr std::uint32_t kHighestStaticRate = 44100;

const MediaFormat* find_format(const NegotiatedMedia& media, std::uint8_t payload_type) {
  for (const MediaFormat& format : media.formats) {
    if (format.payload_type == payload_type) return &format;
  }
  return nullptr;
}

bool same_format(const MediaFormat& a, const MediaFormat& b) {
  return a.payload_type == b.payload_type && a.clock_rate == b.clock_rate &&
         a.channels == b.channels && a.encoding == b.encoding && a.fmtp == b.fmtp;
}

PayloadMeaning meaning_of(const MediaFormat& format) {
  PayloadMeaning meaning;
  meaning.format = format;
  meaning.clock_rate = format.clock_rate;
  if (equal_ignoring_case(format.encoding, "CN")) {
    meaning.role = PayloadRole::kComfortNoise;
  } else if (equal_ignoring_case(format.encoding, "telephone-event")) {
    meaning.role = PayloadRole::kEvent;
  } else if (equal_ignoring_case(format.encoding, "red")) {
    meaning.role = PayloadRole::kRedundant;
  } else if (const Codec* codec = find_codec(format.encoding)) {
    meaning.codec = codec;
    meaning.clock_rate = clock_rate_of(*codec, format);
    meaning.audio_rate = audio_rate_of(*codec, format);
    meaning.role = PayloadRole::kAudio;
    if (!is_usable_rate(meaning.audio_rate)) {
      meaning.role = PayloadRole::kUndecodable;
      meaning.why = "codec " + std::string(codec->name) + " at " +
                    std::to_string(meaning.audio_rate) + " Hz is not supported";
    }
  } else {
    meaning.why = "codec " + format.encoding + " is not supported";
  }
  return meaning;
}

}  // namespace

FormatMap::FormatMap(const capture::FinishedCall& call, const capture::FinishedStream& stream) {
  const capture::Side receiver = capture::other(stream.side);
  std::vector<const NegotiatedMedia*> not_audio;  // at this endpoint
  for (const NegotiatedMedia& media : call.media) {
    const bool here = media.endpoint == stream.destination;
    if (media.kind == MediaKind::kAudio) {
      (here ? at_endpoint_ : elsewhere_).push_back(&media);
    } else if (here) {
      not_audio.push_back(&media);
    }
  }
  carries_audio_ = stream.kind == MediaKind::kAudio && (not_audio.empty() || !at_endpoint_.empty());
  if (!carries_audio_) at_endpoint_ = std::move(not_audio);
  std::stable_partition(elsewhere_.begin(), elsewhere_.end(),
                        [&](const NegotiatedMedia* media) { return media->side == receiver; });
}

PayloadMeaning& FormatMap::look_up(std::uint8_t payload_type, Timestamp time,
                                   const std::string* sealed) {
  from_ = Timestamp::min();
  until_ = Timestamp::max();
  for (const NegotiatedMedia* media : at_endpoint_) {
    if (media->since <= time) from_ = std::max(from_, media->since);
    if (media->since > time) until_ = std::min(until_, media->since);
  }
  last_type_ = payload_type;
  last_sealed_ = sealed;
  PayloadMeaning meaning = read(payload_type, time);
  if (sealed != nullptr) {
    meaning.encrypted = true;
    meaning.role = PayloadRole::kUndecodable;
    meaning.why = *sealed;
  }
  last_ = &intern(std::move(meaning));
  return *last_;
}

PayloadMeaning FormatMap::read(std::uint8_t payload_type, Timestamp time) const {
  PayloadMeaning meaning;
  const MediaFormat* described = describe(payload_type, time);
  // A number without a=rtpmap has no encoding here: a static one still means itself.
  if (described != nullptr && !described->encoding.empty()) {
    meaning = meaning_of(*described);
  } else if (const std::optional<MediaFormat> known = static_format(payload_type)) {
    meaning = meaning_of(*known);
  } else {
    const char* why = payload_type >= kFirstDynamicType ? " was never described by SDP"
                                                        : " has no meaning in RFC 3551";
    meaning.format.payload_type = payload_type;
    meaning.why = "payload type " + std::to_string(payload_type) + why;
  }
  return meaning;
}

const MediaFormat* FormatMap::describe(std::uint8_t payload_type, Timestamp time) const {
  const MediaFormat* later = nullptr;
  const MediaFormat* now = nullptr;
  for (const NegotiatedMedia* media : at_endpoint_) {
    const MediaFormat* format = find_format(*media, payload_type);
    if (format == nullptr) continue;
    if (media->since <= time) now = format;
    if (media->since > time && later == nullptr) later = format;
  }
  if (now != nullptr || later != nullptr) return now != nullptr ? now : later;
  for (const NegotiatedMedia* media : elsewhere_) {
    if (const MediaFormat* format = find_format(*media, payload_type)) return format;
  }
  return nullptr;
}

PayloadMeaning& FormatMap::intern(PayloadMeaning meaning) {
  for (PayloadMeaning& known : meanings_) {
    // The role follows from these, until the owner finds that the codec cannot be opened.
    if (known.encrypted == meaning.encrypted && same_format(known.format, meaning.format)) {
      return known;
    }
  }
  return meanings_.emplace_back(std::move(meaning));
}

std::uint32_t FormatMap::highest_possible_rate() const {
  // Without any description a static type may come; with one, only what it names is looked for.
  const auto& lists = at_endpoint_.empty() ? elsewhere_ : at_endpoint_;
  if (lists.empty()) return kHighestStaticRate;
  std::uint32_t highest = 0;
  for (const NegotiatedMedia* media : lists) {
    for (const MediaFormat& format : media->formats) {
      const std::optional<MediaFormat> known = static_format(format.payload_type);
      const PayloadMeaning meaning = meaning_of(format.encoding.empty() && known ? *known : format);
      if (meaning.role == PayloadRole::kAudio) highest = std::max(highest, meaning.audio_rate);
    }
  }
  return highest;
}

}  // namespace koegura::decode
