// status_keeping: what status says of the way of a packet to the archive: the spool, what waits,
// what the start found, and whether the archive can still be read.
#pragma once

#include <string>
#include <vector>

#include "output.pb.h"

namespace koegura::tools {

// A line each where there is something to say.
[[nodiscard]] std::vector<std::string> keeping_lines(const RecorderStatus& recorder);
// The same for one line of `top`: "3 calls wait, 12 MB wait in memory"; empty if nothing does.
[[nodiscard]] std::string waiting_text(const RecorderStatus& recorder);

}  // namespace koegura::tools
