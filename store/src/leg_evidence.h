// LegEvidence: what of a leg's record tells which conversation it belongs to.
//
// Plain data, safe to reason about: it comes from call.json, which lay on a disk for years, so
// times are within bounds, lists within limits, and what cannot be read is absent. Times are on the
// capture's clock, which the legs of one recorder share.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/address.h"
#include "capture/finished_call.h"
#include "record.pb.h"
#include "ulid.h"

namespace koegura::store {

using capture::Side;

// One payload of a stream, when it was seen, since the leg's start.
struct SketchedPayload {
  std::uint32_t hash = 0;
  std::uint32_t at_ms = 0;
  std::uint16_t stream = 0;  // of LegEvidence::streams
};

struct LegStream {
  Side channel = Side::kCaller;
  capture::Endpoint source;  // unspecified if it could not be read
  capture::Endpoint destination;
  std::uint32_t ssrc = 0;
  Timestamp first;
  Timestamp last;
};

// A REFER: who asked, and for whom, both as numbers.
struct SeenRefer {
  Timestamp at;
  std::string by;
  std::string target;
  std::optional<capture::DialogId> replaces;
};

struct LegEvidence {
  Ulid id;
  Timestamp start;
  Timestamp end;  // >= start
  std::optional<Timestamp> answered;
  std::string call_id;  // empty for media-only
  std::string from_tag;
  std::vector<std::string> callee_tags;
  std::vector<std::string> session_ids;
  std::optional<capture::DialogId> replaces;
  std::string referred_by;  // as a number; empty without the header
  std::vector<SeenRefer> refers;
  std::string caller;  // numbers; empty where there is none
  std::string callee;
  std::string answered_by;
  std::string caller_address;  // of the hop that the INVITE came from, without its port
  bool elsewhere = false;      // somebody else answered
  std::vector<LegStream> streams;
  // Of each channel, in order of hash. Without what a party heard on hold: that is music.
  std::array<std::vector<SketchedPayload>, 2> sketches;
  // One byte every 100 ms of the clock, the first of them the one that start lies in, up to the end
  // (for two hours at most); empty without a fingerprint.
  std::array<std::string, 2> levels;

  [[nodiscard]] std::size_t bytes() const;  // of memory, about
};

// From a record with its fingerprint; without one the leg has no sketches and no levels, and the
// wall clock stands for the capture's. REQUIRES: the record's id is one.
[[nodiscard]] LegEvidence evidence_of(const CallRecord& record, const std::string& region);

}  // namespace koegura::store
