// Eal: DPDK's environment (memory, drivers, devices), from rte_eal_init to rte_eal_cleanup.
//
// The calling thread's CPU affinity is left as it was: EAL pins it to one core, and threads started
// later would inherit that.
//
// Threads: the main thread, before others are started; is_up from any.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "capture/error.h"
#include "eal_output.h"

namespace koegura::capture {

// The arguments as rte_eal_init gets them: the user's, with what is sensible for us where they say
// nothing about it. `memory_mib` is what the ports will need.
[[nodiscard]] std::vector<std::string> complete_arguments(std::vector<std::string> arguments,
                                                          std::uint64_t memory_mib);

// False if they ask EAL to print something: it shall be seen.
[[nodiscard]] bool is_quiet(const std::vector<std::string>& arguments);

class Eal {
 public:
  // Works once a process: EAL cannot be started again. Errors quote the output.
  [[nodiscard]] static Result<std::unique_ptr<Eal>> start(const std::vector<std::string>& arguments,
                                                          std::uint64_t memory_mib,
                                                          const EalOutput& output);
  ~Eal();
  Eal(const Eal&) = delete;
  Eal& operator=(const Eal&) = delete;

  [[nodiscard]] static bool is_up();

 private:
  Eal() = default;
};

}  // namespace koegura::capture
