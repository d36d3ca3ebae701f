// BoxFacts: the clock, the disk, the memory and the archive's files, as doctor looks at them.
//
// Threads: none.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace koegura::tools {

struct ClockFacts {
  bool synchronised = false;  // as the kernel was told by chrony, ntpd or timesyncd
  double offset_s = 0;        // still to be corrected
  double most_error_s = 0;    // what the kernel vouches for
};
[[nodiscard]] ClockFacts clock_facts();

struct DiskFacts {
  std::string path;         // what was asked for, or its nearest parent that is there
  std::string file_system;  // "ext4"; "0x1234" if we have no name for it
  std::uint64_t device = 0;
  std::uint64_t free_bytes = 0;
  std::uint64_t total_bytes = 0;
  bool read_only = false;
  bool in_memory = false;  // gone after a power cut
  bool remote = false;     // NFS, CIFS
};
[[nodiscard]] DiskFacts disk_facts(const std::string& path);

struct MemoryFacts {
  unsigned cpus = 0;
  std::uint64_t total_bytes = 0;
  std::uint64_t available_bytes = 0;
  std::uint64_t huge_pages = 0;  // reserved
  std::uint64_t huge_page_bytes = 0;
};
[[nodiscard]] MemoryFacts memory_facts();

// The mode of a file or folder of the archive.
struct ModeFacts {
  std::string path;
  mode_t mode = 0;
  bool is_key = false;  // keys/ and what is in it
};
// The folder's, those in it, of keys/ each, and the newest call file; none if there is no folder.
[[nodiscard]] std::vector<ModeFacts> archive_modes(const std::string& directory);

}  // namespace koegura::tools
