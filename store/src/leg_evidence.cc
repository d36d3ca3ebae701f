#include "leg_evidence.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <string_view>

#include "record.h"
#include "store/number.h"

namespace koegura::store {

namespace {

using std::chrono::milliseconds;

// A file may say anything; a call of a day has less than half of each.
constexpr int kMostNames = 64;  // session ids, tags, REFERs
constexpr int kMostStreams = 1024;
constexpr int kMostPayloads = 1 << 16;        // of a leg
constexpr std::int64_t kMostLevels = 72'000;  // decode measures two hours
constexpr std::int64_t kLongestS = 31 * 86'400;
constexpr std::int64_t kClockReach = 8'000'000'000'000'000'000;  // ns: 1716 to 2223

std::size_t index_of(Side side) {
  return side == Side::kCaller ? 0 : 1;
}

Side side_of(const std::string& channel) {
  return channel == "callee" ? Side::kCallee : Side::kCaller;
}

// Places the record's times, the wall clock's, on the capture's clock.
class CallClock {
 public:
  explicit CallClock(const CallRecord& record) : wall_start_(record.start()) {
    const std::int64_t start = record.has_fingerprint()
                                   ? record.fingerprint().clock_ns()
                                   : from_proto(record.start()).time_since_epoch().count();
    start_ = Timestamp(Duration(std::clamp(start, -kClockReach, kClockReach)));
  }
  [[nodiscard]] Timestamp start() const { return start_; }
  // Not before the start.
  [[nodiscard]] Timestamp at(const google::protobuf::Timestamp& wall) const {
    constexpr std::int64_t kFar = std::int64_t{1} << 40;
    const std::int64_t seconds = std::clamp(std::int64_t{wall.seconds()}, -kFar, kFar) -
                                 std::clamp(std::int64_t{wall_start_.seconds()}, -kFar, kFar);
    const Duration since = std::chrono::seconds(std::clamp<std::int64_t>(seconds, -1, kLongestS)) +
                           Duration(std::int64_t{wall.nanos()} - std::int64_t{wall_start_.nanos()});
    return start_ + std::max(since, Duration::zero());
  }
  // To the nanosecond: a phone sends the INVITE that a REFER asked for within a fraction of a
  // millisecond, and rounded up the REFER would come after it.
  [[nodiscard]] Timestamp at(double seconds) const {
    if (!std::isfinite(seconds)) return start_;
    const double kept = std::clamp(seconds, 0.0, static_cast<double>(kLongestS));
    return start_ + std::chrono::nanoseconds(std::llround(kept * 1e9));
  }

 private:
  const google::protobuf::Timestamp& wall_start_;
  Timestamp start_;
};

// "192.0.2.1:5060", "[2001:db8::1]:5060"
capture::Endpoint endpoint_of(std::string_view text) {
  capture::Endpoint endpoint;
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return endpoint;
  const auto address = capture::IpAddress::parse(text.substr(0, colon));
  const std::string_view port = text.substr(colon + 1);
  if (!address) return endpoint;
  std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
  endpoint.address = *address;
  return endpoint;
}

std::string address_of(const std::string& hop) {
  return hop.substr(0, std::min(hop.rfind(':'), hop.size()));
}

std::uint32_t ssrc_of(std::string_view text) {
  std::uint32_t ssrc = 0;
  if (text.starts_with("0x")) text.remove_prefix(2);
  std::from_chars(text.data(), text.data() + text.size(), ssrc, 16);
  return ssrc;
}

// "\"City\" <sip:2301@192.0.2.1;user=phone>" → "2301"
std::string user_of(std::string_view uri) {
  if (const std::size_t open = uri.find('<'); open != std::string_view::npos) {
    uri.remove_prefix(open + 1);
  }
  if (const std::size_t scheme = uri.find(':'); scheme != std::string_view::npos) {
    uri.remove_prefix(scheme + 1);
  }
  return std::string(uri.substr(0, std::min(uri.find_first_of("@;>?"), uri.size())));
}

capture::DialogId dialog_of(const DialogId& dialog) {
  return {.call_id = dialog.call_id(),
          .to_tag = dialog.to_tag(),
          .from_tag = dialog.from_tag(),
          .early_only = dialog.early_only()};
}

void take_some(std::vector<std::string>& out,
               const google::protobuf::RepeatedPtrField<std::string>& names) {
  for (int i = 0; i < std::min(names.size(), kMostNames); ++i) {
    if (!names[i].empty()) out.push_back(names[i]);
  }
}

void take_names(LegEvidence& leg, const CallRecord& record, const CallClock& clock,
                const std::string& region) {
  const Links& links = record.links();
  leg.call_id = record.call_id();
  leg.from_tag = links.from_tag();
  take_some(leg.callee_tags, links.callee_tags());
  take_some(leg.session_ids, links.session_ids());
  if (links.has_replaces()) leg.replaces = dialog_of(links.replaces());
  leg.referred_by = normalise_number(user_of(links.referred_by()), region);
  leg.caller = record.caller().number();
  leg.callee = record.callee().number();
  leg.answered_by = record.answered_by().number();
  leg.caller_address = address_of(links.caller_hop());
  leg.elsewhere = record.release().elsewhere();
  for (int i = 0; i < std::min(links.refers_size(), kMostNames); ++i) {
    const Refer& refer = links.refers(i);
    const std::string& other = leg.answered_by.empty() ? leg.callee : leg.answered_by;
    SeenRefer& out = leg.refers.emplace_back();
    out.at = clock.at(refer.at_s());
    out.by = refer.by() == "caller" ? leg.caller : other;
    out.target = refer.target().number();
    if (refer.has_replaces()) out.replaces = dialog_of(refer.replaces());
  }
}

// What the side that is not held seems to say then is music.
struct HoldMusic {
  Side channel;
  double from_s;
  double to_s;
};

std::vector<HoldMusic> hold_music(const CallRecord& record) {
  std::vector<HoldMusic> music;
  for (const Span& span : record.spans()) {
    if (span.kind() != "hold" || music.size() >= kMostNames) continue;
    for (const Side held : {Side::kCaller, Side::kCallee}) {
      if (!span.channel().empty() && side_of(span.channel()) != held) continue;
      music.push_back({capture::other(held), span.from_s(), span.to_s()});
    }
  }
  return music;
}

void take_sketch(LegEvidence& leg, std::uint16_t stream, const StreamSketch& sketch,
                 const std::vector<HoldMusic>& music) {
  const Side channel = leg.streams[stream].channel;
  std::vector<SketchedPayload>& out = leg.sketches[index_of(channel)];
  const int count = std::min({sketch.hashes_size(), sketch.at_ms_size(), kMostPayloads});
  for (int i = 0; i < count && out.size() < kMostPayloads; ++i) {
    const double at_s = sketch.at_ms(i) / 1000.0;
    const bool is_music = std::any_of(music.begin(), music.end(), [&](const HoldMusic& hold) {
      return hold.channel == channel && at_s >= hold.from_s && at_s < hold.to_s;
    });
    if (!is_music) out.push_back({sketch.hashes(i), sketch.at_ms(i), stream});
  }
}

void take_media(LegEvidence& leg, const CallRecord& record, const CallClock& clock) {
  const Fingerprint& fingerprint = record.fingerprint();
  const std::vector<HoldMusic> music = hold_music(record);
  for (int i = 0; i < std::min(record.streams_size(), kMostStreams); ++i) {
    const Stream& stream = record.streams(i);
    leg.streams.push_back({.channel = side_of(stream.channel()),
                           .source = endpoint_of(stream.source()),
                           .destination = endpoint_of(stream.destination()),
                           .ssrc = ssrc_of(stream.ssrc()),
                           .first = clock.at(stream.first()),
                           .last = clock.at(stream.last())});
    if (i < fingerprint.streams_size()) {
      take_sketch(leg, static_cast<std::uint16_t>(i), fingerprint.streams(i), music);
    }
  }
  for (auto& sketch : leg.sketches) {
    std::sort(sketch.begin(), sketch.end(), [](const auto& a, const auto& b) {
      return a.hash != b.hash ? a.hash < b.hash : a.at_ms < b.at_ms;
    });
  }
  if (!record.has_fingerprint()) return;
  leg.levels = {fingerprint.caller_levels(), fingerprint.callee_levels()};
  const std::int64_t length = (leg.end - leg.start) / milliseconds(100) + 1;
  for (std::string& levels : leg.levels) {
    levels.resize(static_cast<std::size_t>(std::min(length, kMostLevels)), '\0');
    levels.shrink_to_fit();
  }
}

}  // namespace

std::size_t LegEvidence::bytes() const {
  constexpr std::size_t kName = sizeof(std::string) + 32;
  return sizeof(LegEvidence) + call_id.size() + levels[0].size() + levels[1].size() +
         (callee_tags.size() + session_ids.size()) * kName +
         refers.size() * (sizeof(SeenRefer) + kName) + streams.size() * sizeof(LegStream) +
         (sketches[0].size() + sketches[1].size()) * sizeof(SketchedPayload);
}

LegEvidence evidence_of(const CallRecord& record, const std::string& region) {
  const CallClock clock(record);
  LegEvidence leg;
  if (const auto id = Ulid::parse(record.id())) leg.id = *id;
  leg.start = clock.start();
  leg.end = clock.at(record.end());
  if (record.has_answered()) leg.answered = clock.at(record.answered());
  take_names(leg, record, clock, region);
  take_media(leg, record, clock);
  return leg;
}

}  // namespace koegura::store
