#include "payload_table.h"

#include <string>

#include "big_endian.h"
#include "g711.h"
#include "g726_codec.h"
#include "libavcodec_codec.h"
#include "source_audio.h"

namespace koegura::traffic {
namespace {

std::vector<std::byte> encode_lossless(Encoding encoding, std::span<const std::int16_t> samples) {
  const std::size_t width = encoding == Encoding::kLinear ? 2 : 1;
  std::vector<std::byte> bytes(samples.size() * width);
  std::byte* out = bytes.data();
  for (const std::int16_t sample : samples) {
    if (encoding == Encoding::kLinear) {
      put16(out, static_cast<std::uint16_t>(sample));  // RFC 3551 §4.5.11: network order
    } else {
      put8(out,
           encoding == Encoding::kMuLaw ? mulaw_from_linear(sample) : alaw_from_linear(sample));
    }
    out += width;
  }
  return bytes;
}

Result<EncodedFrames> encode(const Codec& codec, std::span<const std::int16_t> samples) {
  if (codec.encoding == Encoding::kLibavcodec) return encode_by_libavcodec(codec, samples);
  if (codec.encoding == Encoding::kG726) return EncodedFrames{encode_g726(codec, samples), {}};
  return EncodedFrames{encode_lossless(codec.encoding, samples), {}};
}

}  // namespace

Result<PayloadTable> PayloadTable::create(const Codec& codec, std::uint32_t packet_time_ms,
                                          std::span<const std::int16_t> samples) {
  auto encoded = encode(codec, samples);
  if (!encoded) return tl::make_unexpected(std::move(encoded.error()));

  PayloadTable table;
  table.frame_ms_ = codec.frame_ms;
  table.frames_per_packet_ = packet_time_ms / codec.frame_ms;
  table.frames_ = samples.size() / (codec.frame_ms * kSamplesPerMs);
  table.bytes_ = std::move(encoded->bytes);
  table.starts_ = {0};
  for (std::uint64_t frame = 1; frame <= table.frames_; ++frame) {
    if (codec.frame_bytes != 0) {
      table.starts_.push_back(static_cast<std::uint32_t>(frame * codec.frame_bytes));
    } else if (frame <= encoded->ends.size()) {
      table.starts_.push_back(encoded->ends[frame - 1]);
    }
  }
  if (table.starts_.size() <= table.frames_ || table.bytes_.size() < table.starts_.back()) {
    return failure("encoding " + std::string(codec.name) + ": the encoder gave too few frames");
  }
  table.bytes_.resize(table.starts_.back());  // an encoder may give its delay as a last frame
  for (std::uint32_t i = 0; i < table.frames_per_packet_; ++i) {
    const std::uint32_t from = table.starts_[i];
    const std::uint32_t size = table.starts_[i + 1] - from;
    const std::vector<std::byte> frame(table.bytes_.begin() + from,
                                       table.bytes_.begin() + from + size);
    table.bytes_.insert(table.bytes_.end(), frame.begin(), frame.end());
    table.starts_.push_back(table.starts_.back() + size);
  }
  return table;
}

}  // namespace koegura::traffic
