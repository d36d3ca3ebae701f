// The figures of quality in a record.
#pragma once

#include "decode/call_quality.h"
#include "record.pb.h"

namespace koegura::store {

void fill_stream_quality(Stream& out, const decode::StreamQuality& quality);
void fill_call_quality(Quality& out, const decode::CallQuality& quality);

}  // namespace koegura::store
