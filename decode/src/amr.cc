// AMR and AMR-WB (RFC 4867): both framings, taken to the storage format (§5.3) that decoders read:
// one header byte (type, quality), then the speech bits from the first bit on.
#include <array>

#include "comfort_noise.h"
#include "libav_decoder.h"
#include "payload_formats.h"

namespace koegura::decode {
namespace {

// Speech bits by frame type (3GPP TS 26.101 table 1, TS 26.201 table 1); 0 = no bits at all.
constexpr unsigned kInvalid = ~0U;
constexpr std::array<unsigned, 16> kNarrowBits = {
    95, 103, 118, 134, 148, 159, 204, 244, 39, 43, 38, 37, kInvalid, kInvalid, kInvalid, 0};
constexpr std::array<unsigned, 16> kWideBits = {
    132, 177, 253, 285, 317, 365, 397, 461, 477, 40, kInvalid, kInvalid, kInvalid, kInvalid, 0, 0};
constexpr unsigned kSpeechLost = 14;  // AMR-WB only

// A SID's bits (3GPP TS 26.101 and 26.201): the spectrum, six of the energy, what TS 26.201 has
// beside it, and whether all that means something. The energy is 1/4 of its index - 2.5 in powers
// of two of an RMS (TS 26.092), or 1/2.625 - 2 of a mean square (TS 26.192, and of the excitation:
// of noise that is not white, less than was heard); each of half our samples.
struct SilenceDescriptor {
  unsigned spectrum_bits;
  unsigned other_bits;
  double step_db;
  double lowest_db;
};
struct Family {
  const std::array<unsigned, 16>& bits;
  unsigned first_silence;  // the SID; frame types from here on carry no speech
  SilenceDescriptor sid;
};
constexpr Family kNarrow = {kNarrowBits, 8, {29, 0, 1.5051, -9.0309}};
constexpr Family kWide = {kWideBits, 9, {28, 1, 1.1468, 0}};

// Reads bits from the front, most significant first. Asking beyond the end fails for good.
class BitReader {
 public:
  explicit BitReader(Bytes bytes) : bytes_(bytes) {}
  unsigned read(unsigned count) {
    unsigned value = 0;
    for (; count != 0; --count) value = (value << 1U) | next();
    return value;
  }
  void read_into(std::span<std::byte> out, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      out[i / 8] |= static_cast<std::byte>(next() << (7U - i % 8U));
    }
  }
  void align() { position_ = (position_ + 7) / 8 * 8; }
  void skip(std::size_t bits) { position_ += bits; }
  [[nodiscard]] bool failed() const { return position_ > bytes_.size() * 8; }
  // Nothing but padding of less than a byte is left.
  [[nodiscard]] bool at_end() const { return !failed() && bytes_.size() * 8 - position_ < 8; }

 private:
  unsigned next() {
    const std::size_t at = position_++;
    if (at >= bytes_.size() * 8) return 0;
    return (static_cast<unsigned>(bytes_[at / 8]) >> (7U - at % 8U)) & 1U;
  }

  Bytes bytes_;
  std::size_t position_ = 0;
};

struct TocEntry {
  unsigned type = 0;
  bool good = false;  // Q bit
};

struct Framing {
  bool octet_aligned = false;
  bool crc = false;
};

// Table of contents (§4.3.2, §4.4.2). 0 entries: broken.
std::size_t read_toc(BitReader& bits, const Framing& framing, const Family& family,
                     std::array<TocEntry, FrameList::kMaxFrames>& toc) {
  bits.read(framing.octet_aligned ? 8 : 4);  // codec mode request: for the sender, not for us
  std::size_t count = 0;
  bool follows = true;
  while (follows) {
    if (count == toc.size()) return 0;
    follows = bits.read(1) == 1;
    TocEntry& entry = toc[count++];
    entry.type = bits.read(4);
    entry.good = bits.read(1) == 1;
    if (framing.octet_aligned) bits.skip(2);
    if (bits.failed() || family.bits[entry.type] == kInvalid) return 0;
  }
  return count;
}

// A SID_FIRST, which has no parameters, says nothing (0).
std::uint8_t read_noise(const TocEntry& entry, const Family& family, BitReader bits) {
  constexpr unsigned kEnergyBits = 6;
  if (entry.type != family.first_silence || !entry.good) return 0;
  bits.skip(family.sid.spectrum_bits);
  const unsigned energy = bits.read(kEnergyBits);
  bits.skip(family.sid.other_bits);
  const bool is_update = bits.read(1) == 1;
  if (!is_update) return 0;
  return noise_of_energy(family.sid.lowest_db + family.sid.step_db * energy);
}

bool add_frame(const TocEntry& entry, const Family& family, BitReader& bits, FrameList& frames) {
  const unsigned length = family.bits[entry.type];
  if (entry.type >= family.first_silence) {
    const std::uint8_t noise = read_noise(entry, family, bits);
    bits.skip(length);
    const bool lost = &family == &kWide && entry.type == kSpeechLost;
    return frames.add({}, lost ? FrameKind::kLost : FrameKind::kSilence, noise);
  }
  if (frames.full()) return false;
  const std::span<std::byte> frame = frames.repack(1 + (length + 7) / 8);
  frame[0] = static_cast<std::byte>((entry.type << 3U) | (entry.good ? 4U : 0U));
  bits.read_into(frame.subspan(1), length);
  return entry.good ? frames.add(frame) : frames.add({}, FrameKind::kLost);
}

bool unpack(const Framing& framing, const Family& family, Bytes payload, FrameList& frames) {
  std::array<TocEntry, FrameList::kMaxFrames> toc;
  BitReader bits(payload);
  const std::size_t count = read_toc(bits, framing, family, toc);
  if (count == 0) return false;
  if (framing.crc) {
    for (std::size_t i = 0; i < count; ++i) bits.skip(family.bits[toc[i].type] != 0 ? 8 : 0);
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (!add_frame(toc[i], family, bits, frames)) return false;
    if (framing.octet_aligned) bits.align();
  }
  return bits.at_end();
}

// fmtp is often missing or wrong about the framing. Each framing fixes the payload's length, so
// where the negotiated one does not fit, the other one is tried.
bool depacketise(const Family& family, const MediaFormat& format, Bytes payload,
                 FrameList& frames) {
  const bool crc = fmtp_value(format.fmtp, "crc") == "1";
  const bool aligned = crc || fmtp_value(format.fmtp, "octet-align") == "1";
  if (unpack({.octet_aligned = aligned, .crc = crc}, family, payload, frames)) return true;
  frames.clear();
  return unpack({.octet_aligned = !aligned, .crc = false}, family, payload, frames);
}

}  // namespace

bool depacketise_amr(const MediaFormat& format, Bytes payload, FrameList& frames) {
  return depacketise(kNarrow, format, payload, frames);
}

bool depacketise_amr_wb(const MediaFormat& format, Bytes payload, FrameList& frames) {
  return depacketise(kWide, format, payload, frames);
}

// Interleaving (§4.4.1), robust sorting (§4.4.4) and several channels (§4.1) are refused: no
// telephone offers them.
std::unique_ptr<Decoder> open_amr(const Codec& codec, const MediaFormat& format) {
  const bool sorted = fmtp_value(format.fmtp, "robust-sorting") == "1";
  const bool interleaved = !fmtp_value(format.fmtp, "interleaving").empty();
  if (sorted || interleaved || format.channels > 1) return nullptr;
  return open_libav(codec, format);
}

}  // namespace koegura::decode
