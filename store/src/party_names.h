// party_names: who of the city hall took part in a call, by the directory. Free-threaded.
#pragma once

#include "record.pb.h"
#include "store/directory.h"

namespace koegura::store {

// Gives the parties of a record their department and person as they were when it began, and the
// direction what it tells: who stands in the directory is inside.
void name_parties(CallRecord& record, const Directory& directory);

}  // namespace koegura::store
