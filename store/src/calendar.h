// Calendar: moments as the local clock and the ordinance count them (TZ of the process; the box
// runs on Asia/Tokyo). Free-threaded.
#pragma once

#include <string>

#include "capture/time.h"

namespace koegura::store {

struct LocalTime {
  std::string day_folder;  // "2026/11/21"
  std::string stamp;       // "20261121T101502+0900"
};

[[nodiscard]] LocalTime local_time(Timestamp time);

}  // namespace koegura::store
