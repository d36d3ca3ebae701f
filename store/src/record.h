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

// Milliseconds of the start, then SHA-256 over Call-ID and From tag; for a media-only call over its
// streams, in an order that does not depend on which was seen first.
[[nodiscard]] Ulid ulid_of(const capture::FinishedCall& call);

[[nodiscard]] CallRecord make_record(const decode::RenderedCall& rendered,
                                     const ArchiveOptions& options);

// in | out | internal | unknown
[[nodiscard]] std::string direction_of(const capture::FinishedCall& call,
                                       const ArchiveOptions& options);

[[nodiscard]] google::protobuf::Timestamp to_proto(Timestamp time);
[[nodiscard]] Timestamp from_proto(const google::protobuf::Timestamp& time);

}  // namespace koegura::store
