// Codec: a row of the registry: the names an RTP payload format goes by, how its payload comes
// apart into frames, and who decodes them.
//
// To add a codec: one row in codec_registry.cc, and one file if its payload needs taking apart.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "capture/finished_call.h"
#include "frame_list.h"
#include "sample_buffer.h"

namespace koegura::decode {

using capture::MediaFormat;

// Turns frames into samples. Keeps state from frame to frame, so there is one per stream and
// format.
class Decoder {
 public:
  virtual ~Decoder() = default;
  // Appends the frame's samples, mono. False: the frame was refused, nothing is appended.
  [[nodiscard]] virtual bool decode(Bytes frame, SampleBuffer& out) = 0;
  // The frame says the one before it again (in-band FEC), be it of a channel that is not heard.
  [[nodiscard]] virtual bool repeats_previous(Bytes /*frame*/) const { return false; }
  // How many samples before the frame can be heard as it says them again.
  [[nodiscard]] virtual std::size_t restores(Bytes /*frame*/) const { return 0; }
  // Appends this many samples in place of what never came: as `next`, the frame behind it, says
  // them again (as many as it restores), or as follows from what was decoded if that is empty
  // (whole frames). False: this decoder can't, nothing is appended.
  [[nodiscard]] virtual bool conceal(std::size_t /*samples*/, Bytes /*next*/,
                                     SampleBuffer& /*out*/) {
    return false;
  }
};

struct Codec;

// Takes an RTP payload apart. False: the payload breaks its format.
using Depacketise = bool (*)(const MediaFormat& format, Bytes payload, FrameList& frames);
// Null: this build, or the library beneath, cannot decode the format.
using OpenDecoder = std::unique_ptr<Decoder> (*)(const Codec& codec, const MediaFormat& format);

struct Codec {
  std::string_view name;
  std::array<std::string_view, 2> encodings;  // of a=rtpmap, in any case
  std::uint32_t clock_rate = 0;               // of RTP timestamps; 0 = what a=rtpmap says
  std::uint32_t audio_rate = 0;               // of the samples; 0 = the clock rate
  std::uint32_t frame_samples = 0;            // of one frame, 0 if it varies
  Depacketise depacketise = nullptr;
  OpenDecoder open = nullptr;
  const char* libav_decoder = nullptr;  // for open_libav
  Bytes erased_frame = {};              // what that decoder takes for a frame that never came
  Bytes silent_frame = {};              // ... and for one of announced silence that goes on
  std::uint8_t bits_per_sample = 0;     // G.726: bits of a codeword ...
  bool from_high_bit = false;           // ... and from which end they fill bytes
  bool lossless = false;                // 16-bit samples carry the whole payload
  // E-model (ITU-T G.107, values in the style of G.113): what the codec itself costs, and how it
  // bears loss.
  double equipment_impairment = 0;
  double loss_robustness = 4.3;
};

// The codec of an encoding name, or null.
[[nodiscard]] const Codec* find_codec(std::string_view encoding);
// All rows, for tests and tools.
[[nodiscard]] std::span<const Codec> codec_registry();

// The static payload types of RFC 3551 §6, those we cannot decode included.
[[nodiscard]] std::optional<MediaFormat> static_format(std::uint8_t payload_type);

// RTP clock and audio rate of a format in this codec. Devices write wrong rates into a=rtpmap
// (G722/16000); where the payload format fixes the rate, the row wins.
[[nodiscard]] std::uint32_t clock_rate_of(const Codec& codec, const MediaFormat& format);
[[nodiscard]] std::uint32_t audio_rate_of(const Codec& codec, const MediaFormat& format);
// Rates that FLAC players and the resampler take.
[[nodiscard]] bool is_usable_rate(std::uint32_t rate);

// The value of a parameter of a=fmtp ("mode" in "mode=20;x=1"), empty if absent.
[[nodiscard]] std::string_view fmtp_value(std::string_view fmtp, std::string_view name);

[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace koegura::decode
