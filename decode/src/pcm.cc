// G.711 (RFC 3551 §4.5.14) and L16 (§4.5.11): ours, because they are a table and a byte swap,
// and because most of all samples pass here.
#include <array>

#include "payload_formats.h"

namespace koegura::decode {
namespace {

using Table = std::array<Sample, 256>;

// ITU-T G.711 table 2a: sign, three bits of segment, four of step; all bits inverted on the wire.
constexpr Sample expand_mu_law(unsigned code) {
  code = ~code & 0xFFU;
  const unsigned segment = (code >> 4U) & 7U;
  const int magnitude = static_cast<int>((((code & 15U) << 3U) + 132U) << segment) - 132;
  return static_cast<Sample>((code & 0x80U) != 0 ? -magnitude : magnitude);
}

// ITU-T G.711 table 1a: even bits inverted on the wire.
constexpr Sample expand_a_law(unsigned code) {
  code ^= 0x55U;
  const unsigned segment = (code >> 4U) & 7U;
  const unsigned step = ((code & 15U) << 4U) + 8U;
  const int magnitude = static_cast<int>(segment == 0 ? step : (step + 256U) << (segment - 1U));
  return static_cast<Sample>((code & 0x80U) != 0 ? magnitude : -magnitude);
}

template <Sample (*kExpand)(unsigned)>
constexpr Table make_table() {
  Table table{};
  for (unsigned code = 0; code < 256; ++code) table[code] = kExpand(code);
  return table;
}

constexpr Table kMuLaw = make_table<expand_mu_law>();
constexpr Table kALaw = make_table<expand_a_law>();

class G711Decoder final : public Decoder {
 public:
  explicit G711Decoder(const Table& table) : table_(table) {}
  bool decode(Bytes frame, SampleBuffer& out) override {
    const std::span<Sample> room = out.grow(frame.size());
    for (std::size_t i = 0; i < frame.size(); ++i) {
      room[i] = table_[static_cast<std::uint8_t>(frame[i])];
    }
    return true;
  }

 private:
  const Table& table_;
};

class L16Decoder final : public Decoder {
 public:
  explicit L16Decoder(unsigned channels) : channels_(channels) {}
  bool decode(Bytes frame, SampleBuffer& out) override {
    const std::size_t stride = 2UL * channels_;
    if (frame.size() % stride != 0) return false;
    for (Sample& sample : out.grow(frame.size() / stride)) {
      int sum = 0;
      for (unsigned channel = 0; channel < channels_; ++channel) {
        sum += big_endian(frame.subspan(2UL * channel));
      }
      sample = static_cast<Sample>(sum / static_cast<int>(channels_));
      frame = frame.subspan(stride);
    }
    return true;
  }

 private:
  static Sample big_endian(Bytes bytes) {
    return static_cast<Sample>((static_cast<unsigned>(bytes[0]) << 8U) |
                               static_cast<unsigned>(bytes[1]));
  }

  unsigned channels_;
};

}  // namespace

bool depacketise_whole(const MediaFormat& /*format*/, Bytes payload, FrameList& frames) {
  return !payload.empty() && frames.add(payload);
}

std::unique_ptr<Decoder> open_pcmu(const Codec& /*codec*/, const MediaFormat& /*format*/) {
  return std::make_unique<G711Decoder>(kMuLaw);
}

std::unique_ptr<Decoder> open_pcma(const Codec& /*codec*/, const MediaFormat& /*format*/) {
  return std::make_unique<G711Decoder>(kALaw);
}

std::unique_ptr<Decoder> open_l16(const Codec& /*codec*/, const MediaFormat& format) {
  return std::make_unique<L16Decoder>(format.channels == 0 ? 1U : format.channels);
}

}  // namespace koegura::decode
