#include "level_match.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <string_view>
#include <vector>

namespace koegura::store {

namespace {

constexpr std::int64_t kPoint = 100'000'000;  // ns between two levels
constexpr int kMostLag = 5;                   // points either way
constexpr int kQuarters = 4;                  // of a point: lags are compared so finely
constexpr std::size_t kLeastOverlap = 100;    // points: 10 s
constexpr std::size_t kLeastOneWay = 200;     // where one voice alone has to tell
constexpr std::size_t kLeastActive = 50;      // in which somebody speaks
constexpr std::size_t kMostQuiet = 10;        // a click is no voice
constexpr std::size_t kMostCompared = 3000;   // 5 minutes decide as well as an hour
constexpr std::size_t kCoarse = 10;           // points of a first look
constexpr double kCoarselyAlike = 0.3;

struct Sums {
  std::int64_t n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;

  void add(std::int64_t a, std::int64_t b) {
    if (a == 0 && b == 0) return;
    ++n;
    x += a;
    y += b;
    xx += a * a;
    yy += b * b;
    xy += a * b;
  }
  // 0 where one of the two does not change.
  [[nodiscard]] double correlation() const {
    const double count = static_cast<double>(n);
    const double sx = static_cast<double>(x);
    const double sy = static_cast<double>(y);
    const double vx = count * static_cast<double>(xx) - sx * sx;
    const double vy = count * static_cast<double>(yy) - sy * sy;
    if (vx <= 0 || vy <= 0) return 0;
    return (count * static_cast<double>(xy) - sx * sy) / std::sqrt(vx * vy);
  }
};

// The levels' amplitudes: steps of 0.5 dB, 141 is 0 dBov (decode's level_envelope.h). What is loud
// tells the voices apart; in decibels the edges of a word between two points would outweigh it.
std::vector<std::int64_t> amplitudes(std::string_view levels) {
  static const std::array<std::int64_t, 256> kTable = [] {
    constexpr double kFull = 4096;
    constexpr double kFullLevel = 141;
    std::array<std::int64_t, 256> table{};
    for (std::size_t level = 1; level < table.size(); ++level) {
      const double steps = std::min(static_cast<double>(level), kFullLevel) - kFullLevel;
      table[level] = std::lround(kFull * std::pow(10.0, steps / 40));
    }
    return table;
  }();
  std::vector<std::int64_t> out;
  out.reserve(levels.size());
  for (const char level : levels) out.push_back(kTable[static_cast<std::uint8_t>(level)]);
  return out;
}

// The same stretch of time in two legs.
struct Stretch {
  std::string_view a;
  std::string_view b;  // as long as a
};

std::int64_t point_of(Timestamp time) {
  const std::int64_t ns = time.time_since_epoch().count();
  return ns / kPoint - (ns % kPoint < 0 ? 1 : 0);
}

// From when on the two can have been connected: before, each hears something of its own.
std::int64_t first_common_point(const LegEvidence& a, const LegEvidence& b) {
  return point_of(std::max(a.answered.value_or(a.start), b.answered.value_or(b.start)));
}

Stretch stretch_of(const LegEvidence& a, std::size_t of_a, const LegEvidence& b, std::size_t of_b) {
  const std::int64_t a_first = point_of(a.start);
  const std::int64_t b_first = point_of(b.start);
  const auto a_size = static_cast<std::int64_t>(a.levels[of_a].size());
  const auto b_size = static_cast<std::int64_t>(b.levels[of_b].size());
  const std::int64_t from = std::max({a_first, b_first, first_common_point(a, b)});
  const std::int64_t to = std::min(a_first + a_size, b_first + b_size);
  if (to <= from) return {};
  const auto size = static_cast<std::size_t>(to - from);
  return {std::string_view(a.levels[of_a]).substr(static_cast<std::size_t>(from - a_first), size),
          std::string_view(b.levels[of_b]).substr(static_cast<std::size_t>(from - b_first), size)};
}

// From where one of the two begins to speak.
Stretch from_first_sound(Stretch stretch) {
  const std::size_t begin =
      std::min(stretch.a.find_first_not_of('\0'), stretch.b.find_first_not_of('\0'));
  if (begin == std::string_view::npos) return {};
  return {stretch.a.substr(begin, kMostCompared), stretch.b.substr(begin, kMostCompared)};
}

std::size_t active_points(std::string_view levels) {
  return levels.size() - static_cast<std::size_t>(std::count(levels.begin(), levels.end(), '\0'));
}

using Amplitudes = std::vector<std::int64_t>;

double coarse_likeness(const Amplitudes& a, const Amplitudes& b) {
  Sums sums;
  for (std::size_t at = 0; at + kCoarse <= a.size(); at += kCoarse) {
    const auto sum_of = [&](const Amplitudes& all) {
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(at);
      return std::accumulate(begin, begin + kCoarse, std::int64_t{0});
    };
    sums.add(sum_of(a), sum_of(b));
  }
  return sums.correlation();
}

// As if it had been heard so many quarters of a point later: a relay's delay is no whole point.
Amplitudes delayed(const Amplitudes& all, int quarters) {
  Amplitudes out(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    out[i] = (kQuarters - quarters) * all[i] + quarters * (i == 0 ? 0 : all[i - 1]);
  }
  return out;
}

// With b so many points later than a.
double likeness_at(const Amplitudes& a, const Amplitudes& b, int lag) {
  const auto shift = static_cast<std::size_t>(std::abs(lag));
  const std::size_t of_a = lag < 0 ? shift : 0;
  const std::size_t of_b = lag > 0 ? shift : 0;
  Sums sums;
  for (std::size_t i = 0; i + shift < a.size(); ++i) sums.add(a[i + of_a], b[i + of_b]);
  return sums.correlation();
}

double best_likeness(const Amplitudes& a, const Amplitudes& b) {
  double best = 0;
  for (int quarters = 0; quarters < kQuarters; ++quarters) {
    const Amplitudes later = delayed(a, quarters);
    for (int lag = -kMostLag; lag <= kMostLag; ++lag) {
      best = std::max(best, likeness_at(later, b, lag));
    }
  }
  return best;
}

struct ChannelLikeness {
  bool silent = false;  // both
  double likeness = 0;
  std::size_t points = 0;  // compared
};

ChannelLikeness channel_likeness(const Stretch& whole) {
  const std::size_t a_active = active_points(whole.a);
  const std::size_t b_active = active_points(whole.b);
  if (a_active <= kMostQuiet && b_active <= kMostQuiet) return {true, 0, 0};
  if (std::min(a_active, b_active) < kLeastActive) return {};
  const Stretch stretch = from_first_sound(whole);
  if (stretch.a.size() < kLeastOverlap) return {};
  const Amplitudes a = amplitudes(stretch.a);
  const Amplitudes b = amplitudes(stretch.b);
  if (coarse_likeness(a, b) < kCoarselyAlike) return {};
  return {false, best_likeness(a, b), a.size()};
}

LevelMatch paired(const LegEvidence& a, const LegEvidence& b, bool crossed) {
  const ChannelLikeness one = channel_likeness(stretch_of(a, 0, b, crossed ? 1 : 0));
  if (!one.silent && one.likeness < kAlike - kRivalMargin) return {};
  const ChannelLikeness other = channel_likeness(stretch_of(a, 1, b, crossed ? 0 : 1));
  if (one.silent && other.silent) return {};
  if ((one.silent || other.silent) && std::max(one.points, other.points) < kLeastOneWay) return {};
  if (one.silent) return {other.likeness, false, crossed};
  if (other.silent) return {one.likeness, false, crossed};
  return {std::min(one.likeness, other.likeness), true, crossed};
}

}  // namespace

std::optional<LevelMatch> match_levels(const LegEvidence& a, const LegEvidence& b) {
  const LevelMatch straight = paired(a, b, /*crossed=*/false);
  const LevelMatch crossed = paired(a, b, /*crossed=*/true);
  const LevelMatch best = straight.likeness >= crossed.likeness ? straight : crossed;
  if (best.likeness < kAlike - kRivalMargin) return std::nullopt;
  return best;
}

}  // namespace koegura::store
