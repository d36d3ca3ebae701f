#include "low_priority.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace koegura::tools {

void lower_own_priority() {
  constexpr int kNicest = 19;
  // linux/ioprio.h names a parameter `class`, which is not C++.
  constexpr int kWhoProcess = 1;
  constexpr int kIdleClass = 3 << 13;
  setpriority(PRIO_PROCESS, 0, kNicest);  // of this thread alone, as Linux has it
  syscall(SYS_ioprio_set, kWhoProcess, 0, kIdleClass);
}

}  // namespace koegura::tools
