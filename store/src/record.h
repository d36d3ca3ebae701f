// Record: a rendered call as the archive keeps it: ids, normalised numbers, names of states,
// quality. Free-threaded. The record's audio.path is left empty; the archive sets it.
#pragma once

#include <string>

#include "capture/finished_call.h"
#include "decode/rendered_call.h"
#include "record.pb.h"
#include "store/archive.h"
#include "ulid.h"

namespace koegura::store {

// A moment of the call by the wall clock, as it stood when the call began: whatever leaves the
// program has such times.
[[nodiscard]] inline Timestamp wall_time(const capture::FinishedCall& call, Timestamp time) {
  return time + call.wall_offset;
}

// The start by the wall clock, to the nanosecond, then SHA-256 over Call-ID and From tag; for a
// media-only call over its streams, in an order that does not depend on which was seen first.
[[nodiscard]] Ulid ulid_of(const capture::FinishedCall& call);

[[nodiscard]] CallRecord make_record(const decode::RenderedCall& rendered,
                                     const ArchiveOptions& options);

// in | out | internal | unknown: by the numbers that the config names; where they leave it open, as
// the capture has learnt from who registers.
[[nodiscard]] std::string direction_of(const capture::FinishedCall& call,
                                       const ArchiveOptions& options);
[[nodiscard]] std::string direction_between(bool caller_inside, bool callee_inside);

[[nodiscard]] google::protobuf::Timestamp to_proto(Timestamp time);
[[nodiscard]] Timestamp from_proto(const google::protobuf::Timestamp& time);

}  // namespace koegura::store
