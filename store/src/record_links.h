// Record links: what a call's record says of other calls: who was called before, what its messages
// name, what its audio is known by. Free-threaded.
#pragma once

#include <string>

#include "decode/rendered_call.h"
#include "record.pb.h"

namespace koegura::store {

// Diversions, links and fingerprint. Numbers are normalised for the region.
void fill_links(CallRecord& record, const decode::RenderedCall& rendered,
                const std::string& region);

}  // namespace koegura::store
