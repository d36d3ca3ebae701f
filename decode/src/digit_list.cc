#include "digit_list.h"

#include <algorithm>
#include <cmath>

namespace koegura::decode {
namespace {

// A gateway that hears a tone and tells it needs a moment; an INFO may wait for the key's release.
constexpr double kEventWithin = 0.3;
constexpr double kInfoWithin = 1.0;

Digit digit_of(const Tone& tone, Side side, double rate) {
  return {.at_s = static_cast<double>(tone.from) / rate,
          .digit = tone.digit,
          .channel = side,
          .via = Digit::Via::kInband,
          .duration_s = static_cast<double>(tone.to - tone.from) / rate};
}

// From when the tone began or from when it ended, whichever is nearer.
double distance(const Digit& tone, const Digit& told) {
  const double since_begin = told.at_s - tone.at_s;
  return std::max({0.0, -since_begin, since_begin - tone.duration_s});
}

bool is_told_by(const Digit& tone, const Digit& told) {
  const double within = told.via == Digit::Via::kInfo ? kInfoWithin : kEventWithin;
  return told.digit == tone.digit && told.channel == tone.channel && distance(tone, told) <= within;
}

// The first from there on that tells the tone and is not taken, or the end. told is in order of
// time.
std::size_t find_telling(const Digit& tone, const std::vector<Digit>& told,
                         const std::vector<bool>& taken, std::size_t from) {
  for (; from < told.size(); ++from) {
    if (!taken[from] && is_told_by(tone, told[from])) return from;
    if (told[from].at_s > tone.at_s + tone.duration_s + kInfoWithin) return told.size();
  }
  return from;
}

}  // namespace

std::vector<Digit> digits_of(const capture::FinishedCall& call, const std::vector<Digit>& events,
                             const std::array<const std::vector<Tone>*, 2>& tones,
                             std::uint32_t call_rate) {
  std::vector<Digit> digits = events;
  for (const capture::InfoDigit& info : call.digits) {
    digits.push_back({.at_s = std::max(0.0, to_seconds(info.at - call.start)),
                      .digit = info.digit,
                      .channel = info.side,
                      .via = Digit::Via::kInfo});
  }
  const auto by_time = [](const Digit& a, const Digit& b) { return a.at_s < b.at_s; };
  std::stable_sort(digits.begin(), digits.end(), by_time);

  std::vector<Digit> alone;
  for (const Side side : {Side::kCaller, Side::kCallee}) {
    std::vector<bool> taken(digits.size());  // each tells one tone at most
    std::size_t first = 0;
    for (const Tone& heard : *tones[static_cast<std::size_t>(side)]) {
      const Digit tone = digit_of(heard, side, call_rate);
      while (first < digits.size() && digits[first].at_s < tone.at_s - kInfoWithin) ++first;
      const std::size_t told = find_telling(tone, digits, taken, first);
      if (told < digits.size()) taken[told] = true;
      if (told == digits.size()) alone.push_back(tone);
    }
  }
  digits.insert(digits.end(), alone.begin(), alone.end());
  std::stable_sort(digits.begin(), digits.end(), by_time);
  return digits;
}

}  // namespace koegura::decode
