// Party: who stands at one end of a call, as the record names them. Free-threaded.
#pragma once

#include <string>

#include "capture/finished_call.h"
#include "record.pb.h"

namespace koegura::store {

// From what the wire said: valid UTF-8, the number normalised for the region. A withheld party
// whose user part has no digit has no number.
void set_party(Party& party, const capture::Identity& identity, const std::string& region);

}  // namespace koegura::store
