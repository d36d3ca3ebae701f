#include "clock_scout.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "format_map.h"
#include "rtp_reader.h"

namespace koegura::decode {
namespace {

constexpr double kPpm = 1e6;
// Stretches of one clock are on their common line to so much.
constexpr double kJoin_ns = 60e6;
constexpr std::size_t kFewestJoined = 3;
// A stretch this short strays by less than the dead zone at the largest error there is.
constexpr Duration kTooShort = std::chrono::milliseconds(500);

double nanoseconds(Duration duration) {
  return static_cast<double>(duration.count());
}

double length_of(std::span<const ClockPoint> points) {
  return points.empty() ? 0 : points.back().sent_ns - points.front().sent_ns;
}

}  // namespace

void ClockScout::add(Timestamp arrival, std::uint32_t timestamp, std::uint32_t clock_rate) {
  const Arrived packet{.at = arrival, .timestamp = timestamp};
  if (stretches_.empty() || stretches_.back().clock_rate != clock_rate) {
    doubtful_.clear();
    return begin(packet, clock_rate);
  }
  const ClockPoint point = point_of(packet);
  const double step =
      point.delay_ns - last_point_.delay_ns - trend_ * (point.sent_ns - last_point_.sent_ns);
  if (step > kBreak_ns || step < -kBreak_ns) return doubt(packet);
  doubtful_.clear();
  take(packet);
}

ClockPoint ClockScout::point_of(const Arrived& packet) const {
  const Stretch& stretch = stretches_.back();
  const std::int64_t ticks =
      last_ticks_ + static_cast<std::int32_t>(packet.timestamp - last_.timestamp);
  const double sent = static_cast<double>(ticks) * stretch.ns_per_tick;
  return {.sent_ns = sent, .delay_ns = nanoseconds(packet.at - stretch.first.at) - sent};
}

void ClockScout::begin(const Arrived& first, std::uint32_t clock_rate) {
  if (stretches_.size() == kMostStretches) return;
  const std::int64_t ticks = stretches_.empty()
                                 ? 0
                                 : stretches_.back().first_ticks + last_ticks_ +
                                       static_cast<std::int32_t>(first.timestamp - last_.timestamp);
  stretches_.push_back({.first = first,
                        .last = first.at,
                        .clock_rate = clock_rate,
                        .ns_per_tick = kNsPerSecond / clock_rate,
                        .first_point = points_.size(),
                        .first_ticks = ticks});
  open_until_ns_ = std::numeric_limits<double>::lowest();
  trend_ = 0;
  next_trend_ns_ = kFirstTrend_ns;
  last_ = first;
  last_ticks_ = 0;
  take(first);
}

void ClockScout::take(const Arrived& packet) {
  last_point_ = point_of(packet);
  last_ticks_ += static_cast<std::int32_t>(packet.timestamp - last_.timestamp);
  last_ = packet;
  stretches_.back().last = packet.at;
  keep(last_point_);
}

// Either the packets are late and those behind them are not, or another clock goes on from here.
void ClockScout::doubt(const Arrived& packet) {
  if (!doubtful_.empty()) {
    const Arrived& before = doubtful_.back();
    const auto ticks = static_cast<std::int32_t>(packet.timestamp - before.timestamp);
    const double step = nanoseconds(packet.at - before.at) - ticks * stretches_.back().ns_per_tick;
    if (step > kBreak_ns || step < -kBreak_ns) {
      if (doubtful_.size() >= kFewestDoubtful) begin_doubtful();
      doubtful_.clear();
    }
  }
  if (doubtful_.size() < kMostDoubtful) doubtful_.push_back(packet);
  if (packet.at - doubtful_.front().at >= kObservation) begin_doubtful();
}

void ClockScout::begin_doubtful() {
  if (doubtful_.empty() || stretches_.size() == kMostStretches) return;
  begin(doubtful_.front(), stretches_.back().clock_rate);
  for (std::size_t i = 1; i < doubtful_.size(); ++i) take(doubtful_[i]);
  doubtful_.clear();
}

void ClockScout::keep(const ClockPoint& point) {
  if (point.sent_ns < open_until_ns_) {
    ClockPoint& kept = points_.back();
    const double above = point.delay_ns - kept.delay_ns - trend_ * (point.sent_ns - kept.sent_ns);
    if (above < 0) kept = point;
    return;
  }
  while (points_.size() >= kMostPoints) coarsen();
  points_.push_back(point);
  open_until_ns_ = (std::floor(point.sent_ns / interval_ns_) + 1) * interval_ns_;
  if (point.sent_ns >= next_trend_ns_) learn_trend();
}

// At least one point of each stretch stays.
void ClockScout::coarsen() {
  interval_ns_ *= 2;
  std::vector<ClockPoint> coarse;
  coarse.reserve(kMostPoints);
  for (std::size_t i = 0; i < stretches_.size(); ++i) {
    const auto points = points_of(i);
    stretches_[i].first_point = coarse.size();
    append_least(points, interval_ns_, coarse);
  }
  points_ = std::move(coarse);
}

void ClockScout::learn_trend() {
  const std::optional<ClockFit> fit = fit_clock(points_of(stretches_.size() - 1));
  trend_ = fit && is_possible(*fit) ? fit->slope : 0;
  next_trend_ns_ *= 2;
}

std::span<const ClockPoint> ClockScout::points_of(std::size_t stretch) const {
  const std::size_t from = stretches_[stretch].first_point;
  const bool is_last = stretch + 1 == stretches_.size();
  const std::size_t to = is_last ? points_.size() : stretches_[stretch + 1].first_point;
  return std::span(points_).subspan(from, to - from);
}

std::vector<ClockPoint> ClockScout::union_of(std::size_t first, std::size_t count) const {
  const Stretch& origin = stretches_[first];
  std::vector<ClockPoint> points;
  for (std::size_t i = first; i < first + count; ++i) {
    const double sent =
        static_cast<double>(stretches_[i].first_ticks - origin.first_ticks) * origin.ns_per_tick;
    const double delay = nanoseconds(stretches_[i].first.at - origin.first.at) - sent;
    for (const ClockPoint& point : points_of(i)) {
      points.push_back({.sent_ns = point.sent_ns + sent, .delay_ns = point.delay_ns + delay});
    }
  }
  return points;
}

bool ClockScout::are_one(std::size_t first, std::size_t count) const {
  const std::vector<ClockPoint> points = union_of(first, count);
  const std::optional<ClockFit> fit = fit_clock(points);
  if (!fit || !is_possible(*fit)) return false;
  double least = std::numeric_limits<double>::max();
  double most = std::numeric_limits<double>::lowest();
  std::span<const ClockPoint> rest = points;
  for (std::size_t i = first; i < first + count; ++i) {
    const double floor = floor_of(rest.first(points_of(i).size()), fit->slope);
    rest = rest.subspan(points_of(i).size());
    least = std::min(least, floor);
    most = std::max(most, floor);
  }
  return most - least <= kJoin_ns;
}

void ClockScout::join() {
  for (std::size_t first = 0; first + kFewestJoined <= stretches_.size(); ++first) {
    std::size_t count = 1;
    const auto is_next = [&](std::size_t more) {
      return first + more <= stretches_.size() &&
             stretches_[first + more - 1].clock_rate == stretches_[first].clock_rate;
    };
    for (std::size_t more = kFewestJoined; is_next(more - 1) && is_next(more); ++more) {
      if (!are_one(first, more)) break;
      count = more;
    }
    if (count == 1) continue;
    const std::vector<ClockPoint> points = union_of(first, count);
    std::copy(points.begin(), points.end(),
              points_.begin() + static_cast<std::ptrdiff_t>(stretches_[first].first_point));
    stretches_[first].last = stretches_[first + count - 1].last;
    const auto joined = stretches_.begin() + static_cast<std::ptrdiff_t>(first);
    stretches_.erase(joined + 1, joined + static_cast<std::ptrdiff_t>(count));
  }
}

ClockLines ClockScout::finish() {
  begin_doubtful();
  join();
  std::vector<std::optional<ClockFit>> fits;
  std::optional<ClockFit> best;
  for (std::size_t i = 0; i < stretches_.size(); ++i) {
    fits.push_back(fit_clock(points_of(i)));
    if (fits[i] && !is_possible(*fits[i])) fits[i].reset();
    if (fits[i] && (!best || fits[i]->uncertainty < best->uncertainty)) best = fits[i];
  }
  ClockLines lines;
  for (std::size_t i = 0; i < stretches_.size(); ++i) {
    // One SSRC is one sender: what a short stretch cannot tell, a long one does.
    const double strays = fits[i] ? fits[i]->uncertainty * length_of(points_of(i)) : 0;
    const bool vague = !fits[i] || strays * kSignificant > kDeadZone_ns;
    std::optional<ClockWander> wander;
    if (fits[i]) wander = follow_clock(points_of(i), fits[i]->slope, kDeadZone_ns);
    if (wander) {
      append_pieces(i, *wander, lines);
    } else {
      lines.push_back(line_of(i, vague ? best : fits[i]));
    }
  }
  return lines;
}

void ClockScout::append_pieces(std::size_t stretch, const ClockWander& wander,
                               ClockLines& out) const {
  constexpr double kHardly = 1e-12;  // so that a piece without an error is placed as the others are
  const Stretch& of = stretches_[stretch];
  const std::vector<ClockPiece>& pieces = wander.pieces;
  const ClockLine line = line_of(stretch, wander.mean);
  double floor_ns = std::numeric_limits<double>::max();
  for (const ClockPoint& point : points_of(stretch)) {
    floor_ns = std::min(floor_ns, point.delay_ns - grown(pieces, point.sent_ns));
  }
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const std::int64_t ticks = std::llround(pieces[i].from_ns / of.ns_per_tick);
    const double sent = static_cast<double>(ticks) * of.ns_per_tick;
    ClockLine& piece = out.emplace_back(line);
    piece.timestamp = of.first.timestamp + static_cast<std::uint32_t>(ticks);
    piece.undelayed = of.first.at + Duration(std::llround(sent + grown(pieces, sent) + floor_ns));
    piece.rate = 1 + (pieces[i].slope == 0 ? kHardly : pieces[i].slope);
    piece.goes_on = i != 0;
    if (!piece.goes_on) continue;
    piece.from = piece.undelayed;
    out[out.size() - 2].to = piece.from;
  }
}

ClockLine ClockScout::line_of(std::size_t stretch, const std::optional<ClockFit>& fit) const {
  const Stretch& of = stretches_[stretch];
  const auto points = points_of(stretch);
  ClockLine line;
  line.from = of.first.at;
  line.to = of.last;
  line.clock_rate = of.clock_rate;
  line.timestamp = of.first.timestamp;
  double half_drift_ns = 0;
  double slope = 0;
  if (fit) {
    line.is_measured = true;
    line.error_ppm = (1 / (1 + fit->slope) - 1) * kPpm;
    line.uncertainty_ppm = fit->uncertainty * kPpm;
    const double off = std::fabs(fit->slope);
    const double half_ns = off * length_of(points) / 2;
    const bool significant = off > kSignificant * fit->uncertainty;
    if (significant && half_ns > kDeadZone_ns) slope = fit->slope;
    if (off > kLikely * fit->uncertainty) half_drift_ns = half_ns;
    if (!significant) half_drift_ns = std::min(half_drift_ns, kMostDoubted_ns);
  }
  line.rate = 1 + slope;
  // Where the nominal rate is kept, it strays to both sides alike.
  const double floor_ns = floor_of(points, slope) + (slope == 0 ? half_drift_ns : 0);
  line.undelayed = of.first.at + Duration(std::llround(floor_ns));
  return line;
}

namespace {

// Of a long stream, one run of packets (16 KB, a second and a half of G.711) in some is enough: the
// clock is the same in those between, and reading is what costs. The last one says where it ends.
capture::SpooledPackets sample_of(const capture::SpooledPackets& packets) {
  constexpr std::size_t kEnoughRuns = 16;
  constexpr std::size_t kMostApart = 4;
  const std::vector<capture::RunHold>& runs = packets.runs();
  const std::size_t apart = std::clamp<std::size_t>(runs.size() / kEnoughRuns, 1, kMostApart);
  capture::SpooledPackets sample;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (i % apart == 0 || i + 1 == runs.size()) sample.append(runs[i]);
  }
  return sample;
}

}  // namespace

Result<ClockLines> scout_clock(const capture::FinishedCall& call,
                               const capture::FinishedStream& stream) {
  if (stream.last - stream.first < kTooShort) return ClockLines();
  FormatMap formats(call, stream);
  if (!formats.carries_audio()) return ClockLines();
  ClockScout scout;
  const capture::SpooledPackets sample = sample_of(stream.spooled);
  RtpReader reader(sample);
  RtpReader::Arrived arrived;
  while (true) {
    const Result<bool> more = reader.next(arrived);
    if (!more) return tl::make_unexpected(more.error());
    if (!*more) return scout.finish();
    // Of SRTP, the header is in the clear.
    const PayloadMeaning& meaning = formats.at(arrived.rtp.payload_type, arrived.time);
    const bool ticks = meaning.role == PayloadRole::kAudio ||
                       meaning.role == PayloadRole::kComfortNoise ||
                       meaning.role == PayloadRole::kRedundant;
    if (ticks && meaning.clock_rate != 0) {
      scout.add(arrived.time, arrived.rtp.timestamp, meaning.clock_rate);
    }
  }
}

}  // namespace koegura::decode
