#include "g726_packing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "format_map.h"
#include "ordered_stream.h"

namespace koegura::decode {
namespace {

// Quieter packets are left out: -44 dBov.
constexpr double kLeastPower = 200.0 * 200.0;
constexpr unsigned kFewestPackets = 50;  // a second
constexpr unsigned kMostPackets = 1500;  // half a minute
// In powers of ten. Of speech at 16 kbit/s both measures together give 0.3 to 0.7, at 32 kbit/s 0.6
// to 1.3, beyond it more; of noise less than 0.1.
constexpr double kEnoughTogether = 0.25;
constexpr double kEnoughEach = 0.05;
constexpr double kPlainEach = 0.4;  // no more packets are needed
constexpr unsigned kPlainPackets = 100;
// Flattens the spectrum of voices: what the lowest frequencies hide is heard.
constexpr double kEmphasis = 0.9;

const Codec* twin_of(const Codec& codec) {
  for (const Codec& other : codec_registry()) {
    const bool same_bits = other.bits_per_sample == codec.bits_per_sample;
    if (same_bits && other.from_high_bit != codec.from_high_bit) return &other;
  }
  return nullptr;
}

// How much of the energy two samples before do not foretell (linear prediction of order 2, anew for
// each packet). Loud packets count for more: they are the voice.
class Unforetold {
 public:
  void add(std::span<const double> samples) {
    std::array<double, 3> correlation{};
    for (std::size_t lag = 0; lag < correlation.size(); ++lag) {
      for (std::size_t i = lag; i < samples.size(); ++i) {
        correlation[lag] += samples[i] * samples[i - lag];
      }
    }
    if (correlation[0] <= 0) return;
    const double first = correlation[1] / correlation[0];
    const double left = correlation[0] * (1 - first * first);
    const double second = left > 0 ? (correlation[2] - first * correlation[1]) / left : 0;
    energy_ += correlation[0];
    rest_ += std::max(0.0, left * (1 - second * second));
  }
  // As a power of ten: 0 of noise, below it of a voice.
  [[nodiscard]] double level() const {
    return energy_ > 0 && rest_ > 0 ? std::log10(rest_ / energy_) : 0;
  }

 private:
  double energy_ = 0;
  double rest_ = 0;
};

class Reading {
 public:
  explicit Reading(const Codec& codec) : decoder_(codec.open(codec, {})) {}
  [[nodiscard]] bool is_open() const { return decoder_ != nullptr; }

  // False: quiet, or refused.
  bool decode(Bytes payload) {
    samples_.clear();
    if (!decoder_->decode(payload, samples_)) return false;
    plain_.assign(samples_.samples().begin(), samples_.samples().end());
    double energy = 0;
    for (const double sample : plain_) energy += sample * sample;
    return energy >= kLeastPower * static_cast<double>(plain_.size());
  }
  // The packet that was decoded last.
  void judge() {
    as_is.add(plain_);
    for (std::size_t i = plain_.size() - 1; i > 0; --i) plain_[i] -= kEmphasis * plain_[i - 1];
    emphasised.add(std::span(plain_).subspan(1));
  }

  Unforetold as_is;
  Unforetold emphasised;

 private:
  std::unique_ptr<Decoder> decoder_;
  SampleBuffer samples_;
  std::vector<double> plain_;
};

// False: quiet in one of them, or refused. Both decoders see every packet.
bool judge(Bytes payload, Reading& one, Reading& other) {
  const bool loud_in_one = one.decode(payload);
  const bool loud_in_other = other.decode(payload);
  if (!loud_in_one || !loud_in_other) return false;
  one.judge();
  other.judge();
  return true;
}

}  // namespace

const Codec& packing_sent(const Codec& told, const capture::FinishedCall& call,
                          const capture::FinishedStream& stream, const OutageMap& outages) {
  const Codec* twin = twin_of(told);
  if (twin == nullptr) return told;
  Reading as_told(told);
  Reading as_twin(*twin);
  if (!as_told.is_open() || !as_twin.is_open()) return told;
  FormatMap formats(call, stream);
  OrderedStream packets(call, stream, formats, outages);
  unsigned judged = 0;
  double plain = 0;  // for the twin
  double emphasised = 0;
  while (judged < kMostPackets) {
    const Result<const StreamPacket*> front = packets.front();
    if (!front || *front == nullptr) break;
    const StreamPacket& packet = **front;
    if (packet.meaning->codec == &told && judge(packet.payload, as_told, as_twin)) ++judged;
    packets.pop();
    plain = as_told.as_is.level() - as_twin.as_is.level();
    emphasised = as_told.emphasised.level() - as_twin.emphasised.level();
    const bool is_plain = std::min(plain, emphasised) > kPlainEach ||  // either way
                          std::max(plain, emphasised) < -kPlainEach;
    if (judged >= kPlainPackets && is_plain) break;
  }
  const bool each = plain > kEnoughEach && emphasised > kEnoughEach;
  const bool is_twin = judged >= kFewestPackets && each && plain + emphasised > kEnoughTogether;
  return is_twin ? *twin : told;
}

}  // namespace koegura::decode
