#include "waveform.h"

#include <algorithm>
#include <utility>

#include "decode/waveform_file.h"

namespace koegura::decode {
namespace {

constexpr std::size_t kHeaderBytes = 24;
constexpr std::size_t kBinBytes = 4;
constexpr std::size_t kBinSamplesAt = 12;  // in the header, as the next
constexpr std::size_t kBinsAt = 16;
constexpr std::uint32_t kVersion = 2;
constexpr std::uint32_t kEightBits = 1;
constexpr std::uint32_t kChannels = 2;
constexpr int kSampleSteps = 256;  // of 16 bits, in one of 8

// Lanes of equal length: a loop that compilers turn into minima and maxima of eight at a time.
template <typename Choose>
Sample extreme_of(std::span<const Sample> samples, Choose choose) {
  constexpr std::size_t kLanes = 16;
  Sample extreme = samples[0];
  if (samples.size() >= kLanes) {
    std::array<Sample, kLanes> lanes{};
    std::copy_n(samples.begin(), kLanes, lanes.begin());
    for (; samples.size() >= kLanes; samples = samples.subspan(kLanes)) {
      const Sample* const at = samples.data();
      for (std::size_t i = 0; i < kLanes; ++i) lanes[i] = choose(lanes[i], at[i]);
    }
    for (const Sample lane : lanes) extreme = choose(extreme, lane);
  }
  for (const Sample sample : samples) extreme = choose(extreme, sample);
  return extreme;
}

std::byte overview_value(Sample sample) {
  return static_cast<std::byte>(static_cast<std::int8_t>(sample / kSampleSteps));
}

constexpr auto lower_of = [](Sample a, Sample b) { return a < b ? a : b; };
constexpr auto higher_of = [](Sample a, Sample b) { return a > b ? a : b; };

std::uint64_t number_at(capture::Bytes file, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = sizeof(std::uint32_t); i > 0; --i) {
    value = (value << 8U) | std::to_integer<std::uint64_t>(file[at + i - 1]);
  }
  return value;
}

}  // namespace

Waveform::Waveform(std::uint32_t rate)
    : rate_(rate), bin_samples_((rate + kBinsPerSecond / 2) / kBinsPerSecond) {
  file_.resize(kHeaderBytes);
}

void Waveform::add(const std::array<std::span<const Sample>, 2>& channels) {
  for (std::size_t at = 0; at < channels[0].size();) {
    const std::size_t count = std::min(bin_samples_ - filled_, channels[0].size() - at);
    for (std::size_t i = 0; i < channels.size(); ++i) {
      const std::span<const Sample> part = channels[i].subspan(at, count);
      const Extent here{.lowest = extreme_of(part, lower_of),
                        .highest = extreme_of(part, higher_of)};
      if (filled_ == 0) open_[i] = here;
      open_[i].lowest = lower_of(open_[i].lowest, here.lowest);
      open_[i].highest = higher_of(open_[i].highest, here.highest);
    }
    at += count;
    filled_ += count;
    if (filled_ == bin_samples_) end_bin();
  }
}

void Waveform::end_bin() {
  for (const Extent& extent : open_) {
    file_.push_back(overview_value(extent.lowest));
    file_.push_back(overview_value(extent.highest));
  }
  filled_ = 0;
}

std::vector<std::byte> Waveform::take() {
  if (filled_ != 0) end_bin();
  if (file_.size() == kHeaderBytes) return {};
  const std::array<std::uint32_t, kHeaderBytes / sizeof(std::uint32_t)> header = {
      kVersion,
      kEightBits,
      rate_,
      static_cast<std::uint32_t>(bin_samples_),
      static_cast<std::uint32_t>((file_.size() - kHeaderBytes) / kBinBytes),
      kChannels};
  auto out = file_.begin();
  for (const std::uint32_t number : header) {
    for (unsigned bits = 0; bits < 32; bits += 8) *out++ = static_cast<std::byte>(number >> bits);
  }
  return std::move(file_);
}

std::string_view flaw_of_waveform(capture::Bytes file, std::uint64_t samples) {
  if (file.size() < kHeaderBytes) return "is cut off";
  const std::uint64_t bin_samples = number_at(file, kBinSamplesAt);
  const std::uint64_t bins = number_at(file, kBinsAt);
  const bool covers = bin_samples != 0 && bins == (samples + bin_samples - 1) / bin_samples;
  if (!covers || file.size() != kHeaderBytes + bins * kBinBytes) {
    return "is not as long as the audio";
  }
  return {};
}

}  // namespace koegura::decode
