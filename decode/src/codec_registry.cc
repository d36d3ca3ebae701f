#include <algorithm>
#include <cctype>

#include "codec.h"
#include "payload_formats.h"

namespace koegura::decode {
namespace {

// libavcodec takes frames for lost that no encoder sends: of G.729 zeros, whose parity bit (P0) is
// wrong; of G.723.1 a pitch lag (ACL0, from bit 26 on) of the codes that the standard forbids, 124
// to 127.
constexpr std::array<std::byte, 10> kErasedG729 = {};
constexpr std::array<std::byte, 24> kErasedG723 = {std::byte{0}, std::byte{0}, std::byte{0},
                                                   std::byte{0xFC}, std::byte{1}};
// Annex A's untransmitted frame (RFC 3551 §4.5.3).
constexpr std::array<std::byte, 1> kSilentG723 = {std::byte{3}};

// G.726 of RFC 3551 §4.5.4 fills bytes from the low bit, ITU-T I.366.2 (AAL2-G726-*) from the high
// one.
// Impairments: as ITU-T G.113 appendix I has them for G.711, G.726, G.729, G.723.1, GSM and iLBC;
// for the others, estimates by the nearest relative. Wideband codecs are judged on the narrowband
// scale.
// clang-format off
constexpr Codec kRegistry[] = {
    {.name = "PCMU", .encodings = {"PCMU"},
     .depacketise = depacketise_whole, .open = open_pcmu, .lossless = true},
    {.name = "PCMA", .encodings = {"PCMA"},
     .depacketise = depacketise_whole, .open = open_pcma, .lossless = true},
    {.name = "L16", .encodings = {"L16"},
     .depacketise = depacketise_whole, .open = open_l16, .lossless = true},
    {.name = "G722", .encodings = {"G722"}, .clock_rate = 8000, .audio_rate = 16000,
     .depacketise = depacketise_whole, .open = open_libav, .libav_decoder = "g722"},
    {.name = "G726-16", .encodings = {"G726-16"}, .clock_rate = 8000,
     .depacketise = depacketise_whole, .open = open_g726,
     .bits_per_sample = 2, .equipment_impairment = 50},
    {.name = "G726-24", .encodings = {"G726-24"}, .clock_rate = 8000,
     .depacketise = depacketise_whole, .open = open_g726,
     .bits_per_sample = 3, .equipment_impairment = 25},
    {.name = "G726-32", .encodings = {"G726-32", "G721"}, .clock_rate = 8000,
     .depacketise = depacketise_whole, .open = open_g726,
     .bits_per_sample = 4, .equipment_impairment = 7},
    {.name = "G726-40", .encodings = {"G726-40"}, .clock_rate = 8000,
     .depacketise = depacketise_whole, .open = open_g726,
     .bits_per_sample = 5, .equipment_impairment = 2},
    {.name = "AAL2-G726-16", .encodings = {"AAL2-G726-16"}, .clock_rate = 8000,
     .depacketise = depacketise_whole, .open = open_g726,
     .bits_per_sample = 2, .from_high_bit = true, .equipment_impairment = 50},
    {.name = "AAL2-G726-24", .encodings = {"AAL2-G726-24"}, .clock_rate = 8000,
     .depacketise = depacketise_whole, .open = open_g726,
     .bits_per_sample = 3, .from_high_bit = true, .equipment_impairment = 25},
    {.name = "AAL2-G726-32", .encodings = {"AAL2-G726-32"}, .clock_rate = 8000,
     .depacketise = depacketise_whole, .open = open_g726,
     .bits_per_sample = 4, .from_high_bit = true, .equipment_impairment = 7},
    {.name = "AAL2-G726-40", .encodings = {"AAL2-G726-40"}, .clock_rate = 8000,
     .depacketise = depacketise_whole, .open = open_g726,
     .bits_per_sample = 5, .from_high_bit = true, .equipment_impairment = 2},
    {.name = "G729", .encodings = {"G729", "G729A"}, .clock_rate = 8000, .frame_samples = 80,
     .depacketise = depacketise_g729, .open = open_libav, .libav_decoder = "g729", .erased_frame = kErasedG729,
     .equipment_impairment = 11, .loss_robustness = 19},
    {.name = "G723", .encodings = {"G723"}, .clock_rate = 8000, .frame_samples = 240,
     .depacketise = depacketise_g723, .open = open_libav, .libav_decoder = "g723_1", .erased_frame = kErasedG723, .silent_frame = kSilentG723,
     .equipment_impairment = 15, .loss_robustness = 16.1},
    {.name = "GSM", .encodings = {"GSM"}, .clock_rate = 8000, .frame_samples = 160,
     .depacketise = depacketise_gsm, .open = open_libav, .libav_decoder = "gsm",
     .equipment_impairment = 20, .loss_robustness = 10},
    {.name = "iLBC", .encodings = {"iLBC"}, .clock_rate = 8000,
     .depacketise = depacketise_ilbc, .open = open_ilbc, .libav_decoder = "ilbc",
     .equipment_impairment = 11, .loss_robustness = 32},
    {.name = "AMR", .encodings = {"AMR"}, .clock_rate = 8000, .frame_samples = 160,
     .depacketise = depacketise_amr, .open = open_amr, .libav_decoder = "amrnb",
     .equipment_impairment = 5, .loss_robustness = 10},
    {.name = "AMR-WB", .encodings = {"AMR-WB"}, .clock_rate = 16000, .frame_samples = 320,
     .depacketise = depacketise_amr_wb, .open = open_amr, .libav_decoder = "amrwb",
     .equipment_impairment = 5, .loss_robustness = 10},
    {.name = "speex", .encodings = {"speex"},
     .depacketise = depacketise_whole, .open = open_speex,
     .equipment_impairment = 11, .loss_robustness = 19},
    {.name = "opus", .encodings = {"opus"}, .clock_rate = 48000,
     .depacketise = depacketise_whole, .open = open_opus,
     .loss_robustness = 25},
};
// clang-format on

struct StaticType {
  std::uint8_t payload_type;
  const char* encoding;
  std::uint32_t clock_rate;
  std::uint8_t channels;
};

// RFC 3551 §6 table 4. Type 2 was G721; those who still send it mean G726-32 in this RFC's packing.
constexpr StaticType kStaticTypes[] = {
    {0, "PCMU", 8000, 1},   {2, "G726-32", 8000, 1}, {3, "GSM", 8000, 1},    {4, "G723", 8000, 1},
    {5, "DVI4", 8000, 1},   {6, "DVI4", 16000, 1},   {7, "LPC", 8000, 1},    {8, "PCMA", 8000, 1},
    {9, "G722", 8000, 1},   {10, "L16", 44100, 2},   {11, "L16", 44100, 1},  {12, "QCELP", 8000, 1},
    {13, "CN", 8000, 1},    {14, "MPA", 90000, 1},   {15, "G728", 8000, 1},  {16, "DVI4", 11025, 1},
    {17, "DVI4", 22050, 1}, {18, "G729", 8000, 1},   {19, "CN", 8000, 1},    {26, "JPEG", 90000, 1},
    {31, "H261", 90000, 1}, {32, "MPV", 90000, 1},   {33, "MP2T", 90000, 1}, {34, "H263", 90000, 1},
};

constexpr std::uint32_t kDefaultClockRate = 8000;

char lower(char c) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::span<const Codec> codec_registry() {
  return kRegistry;
}

const Codec* find_codec(std::string_view encoding) {
  if (encoding.empty()) return nullptr;
  for (const Codec& codec : kRegistry) {
    for (const std::string_view name : codec.encodings) {
      if (equal_ignoring_case(name, encoding)) return &codec;
    }
  }
  return nullptr;
}

std::optional<MediaFormat> static_format(std::uint8_t payload_type) {
  for (const StaticType& type : kStaticTypes) {
    if (type.payload_type != payload_type) continue;
    return MediaFormat{.payload_type = payload_type,
                       .encoding = type.encoding,
                       .clock_rate = type.clock_rate,
                       .channels = type.channels,
                       .fmtp = {}};
  }
  return std::nullopt;
}

std::uint32_t clock_rate_of(const Codec& codec, const MediaFormat& format) {
  if (codec.clock_rate != 0) return codec.clock_rate;
  return format.clock_rate != 0 ? format.clock_rate : kDefaultClockRate;
}

std::uint32_t audio_rate_of(const Codec& codec, const MediaFormat& format) {
  return codec.audio_rate != 0 ? codec.audio_rate : clock_rate_of(codec, format);
}

bool is_usable_rate(std::uint32_t rate) {
  constexpr std::array<std::uint32_t, 9> kRates = {8000,  11025, 12000, 16000, 22050,
                                                   24000, 32000, 44100, 48000};
  return std::find(kRates.begin(), kRates.end(), rate) != kRates.end();
}

std::string_view fmtp_value(std::string_view fmtp, std::string_view name) {
  while (!fmtp.empty()) {
    const std::size_t end = std::min(fmtp.find(';'), fmtp.size());
    const std::string_view parameter = trimmed(fmtp.substr(0, end));
    fmtp.remove_prefix(std::min(end + 1, fmtp.size()));
    const std::size_t equals = parameter.find('=');
    if (equals == std::string_view::npos) continue;
    if (equal_ignoring_case(trimmed(parameter.substr(0, equals)), name)) {
      return trimmed(parameter.substr(equals + 1));
    }
  }
  return {};
}

}  // namespace koegura::decode
