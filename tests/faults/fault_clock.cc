// Preloaded into the program under test: a kernel that says of its clock what FAULT_CLOCK says:
// "synchronised", or "unsynchronised" (and so without it). What the clock shows stays as it is.
#include <sys/timex.h>

#include <cstdlib>
#include <string_view>

extern "C" int adjtimex(timex* clock) {
  const char* const wanted = std::getenv("FAULT_CLOCK");
  const bool is_right = wanted != nullptr && std::string_view(wanted) == "synchronised";
  *clock = {};
  clock->status = is_right ? 0 : STA_UNSYNC;
  return is_right ? TIME_OK : TIME_ERROR;
}
