// LegMarks: a letter for each conversation of several legs in a list of calls, so that its rows are
// seen to belong together.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "record.pb.h"

namespace koegura::tools {

// Legs of a conversation began within its length and stand near each other in a list by time: a
// letter is given to another conversation after 25 others.
class LegMarks {
 public:
  // "a"; empty for a call that is alone, as far as its record and those before it say.
  [[nodiscard]] std::string of(const CallRecord& record);

 private:
  std::array<std::string, 26> conversations_;  // that have the letters now
  std::size_t next_ = 0;
};

}  // namespace koegura::tools
