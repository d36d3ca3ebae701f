// Index audit: has the index the keys that its records have, each of them and no other, and their
// counts? A key that is gone hides a call from whoever looks for it by that number, department or
// word; and nothing else tells of it, as the record and the file are as they were.
//
// Beside a writer, too: it looks at one moment of the index. Memory: 100 bytes a day.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "capture/error.h"

namespace koegura::store {

// Names no number, person or word: of which call, and by what it is found wrongly.
struct IndexFault {
  std::string where;  // "call 01K…", "day 2026-11-21", "totals", "keys"
  std::string what;
};

// Reads the whole index; where `stop` comes true, as much of it. Nothing of an older schema, whose
// keys are made by the next writer.
[[nodiscard]] Result<void> audit_index(const std::string& archive, const std::atomic<bool>& stop,
                                       const std::function<void(const IndexFault&)>& fault);

}  // namespace koegura::store
