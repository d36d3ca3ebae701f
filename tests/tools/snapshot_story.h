// SnapshotStory: the figures of a tap as a story: an ordinary hour of a city hall, then what goes
// wrong.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "capture/tap.h"
#include "hearing.h"

namespace koegura::tools {

// What goes on at a moment.
struct Gauges {
  std::uint64_t legs = 0;
  std::uint64_t talking = 0;
  std::uint64_t unheard = 0;
  std::uint64_t streams = 0;
  std::uint64_t one_way_streams = 0;
  std::uint64_t strangers = 0;
};

// Figures of one stretch, added to a snapshot. By default an ordinary minute of working hours: 20
// calls at once, two directions each, one mirror port of a trunk.
struct Minute {
  std::uint64_t rtp = 120'000;  // 40 streams of 50 packets a second
  std::uint64_t sip = 300;
  std::uint64_t other = 500;  // spanning tree, ARP, what else the VLAN has
  std::uint64_t duplicates = 0;
  bool tags = true;
  std::uint64_t requests = 140;
  std::uint64_t responses = 160;
  Gauges gauges = {.legs = 22, .talking = 20, .unheard = 0, .streams = 40};
};

// By night: nobody talks, phones register, the trunk is asked whether it is there.
inline Minute quiet_minute() {
  return {.rtp = 0, .sip = 4, .other = 60, .requests = 2, .responses = 2, .gauges = {}};
}

class SnapshotStory {
 public:
  explicit SnapshotStory(const std::vector<std::string>& sources = {"eth1"}) {
    snapshot_.started = Timestamp(std::chrono::hours(500'000));
    snapshot_.at = snapshot_.started;
    for (const std::string& name : sources) snapshot_.sources.emplace_back().name = name;
  }

  // `length` goes by and every source that is given shows what a minute holds.
  SnapshotStory& passes(Duration length, const Minute& minute,
                        const std::vector<std::size_t>& sources = {0}) {
    snapshot_.at += length;
    for (const std::size_t source : sources) show(snapshot_.sources[source], minute);
    capture::Hearing& hearing = snapshot_.hearing;
    hearing.legs = minute.gauges.legs;
    hearing.talking = minute.gauges.talking;
    hearing.unheard = minute.gauges.unheard;
    hearing.streams = minute.gauges.streams;
    hearing.one_way_streams = minute.gauges.one_way_streams;
    hearing.strangers = minute.gauges.strangers;
    hearing.sip_requests += minute.requests;
    hearing.sip_responses += minute.responses;
    if (minute.sip > 0) hearing.last_sip = snapshot_.at;
    if (minute.rtp > 0) hearing.last_rtp = snapshot_.at;
    return *this;
  }

  [[nodiscard]] capture::TapSnapshot& now() { return snapshot_; }
  [[nodiscard]] capture::SourceSnapshot& source(std::size_t index = 0) {
    return snapshot_.sources[index];
  }

 private:
  void show(capture::SourceSnapshot& source, const Minute& minute) const {
    using capture::Outcome;
    const std::uint64_t frames = minute.rtp + minute.sip + minute.other + minute.duplicates;
    source.accounting.received += frames;
    source.accounting.count(Outcome::kRtp, minute.rtp);
    source.accounting.count(Outcome::kSip, minute.sip);
    source.accounting.count(Outcome::kNotVoip, minute.other);
    source.accounting.count(Outcome::kDuplicate, minute.duplicates);
    if (minute.tags) source.vlan_tagged += frames - minute.other / 10;
    if (frames > 0) source.last_frame = snapshot_.at;
  }

  capture::TapSnapshot snapshot_;
};

// The one finding there is; it says what is wrong and what to change.
inline Finding only(const std::vector<Finding>& findings) {
  REQUIRE(findings.size() == 1);
  CHECK_FALSE(findings[0].what.empty());
  CHECK_FALSE(findings[0].blame.empty());
  return findings[0];
}

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace koegura::tools
