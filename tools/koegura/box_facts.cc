#include "box_facts.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include "capture/folder_entries.h"

namespace koegura::tools {

namespace {

namespace fs = std::filesystem;

// linux/magic.h has no numbers for some of these (XFS, CIFS 2, ZFS).
struct FileSystem {
  std::uint64_t magic;
  const char* name;
  bool in_memory;
  bool remote;
};
constexpr std::array kFileSystems = {
    FileSystem{0xEF53, "ext4", false, false},        FileSystem{0x58465342, "xfs", false, false},
    FileSystem{0x9123683E, "btrfs", false, false},   FileSystem{0x2FC12FC1, "zfs", false, false},
    FileSystem{0x794C7630, "overlay", false, false}, FileSystem{0x01021994, "tmpfs", true, false},
    FileSystem{0x858458F6, "ramfs", true, false},    FileSystem{0x6969, "nfs", false, true},
    FileSystem{0xFF534D42, "cifs", false, true},     FileSystem{0xFE534D42, "smb2", false, true},
    FileSystem{0x4D44, "vfat", false, false},
};

void name_file_system(DiskFacts& facts, std::uint64_t magic) {
  const auto* known = std::find_if(kFileSystems.begin(), kFileSystems.end(),
                                   [&](const FileSystem& one) { return one.magic == magic; });
  if (known == kFileSystems.end()) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(magic));
    facts.file_system = text.data();
    return;
  }
  facts.file_system = known->name;
  facts.in_memory = known->in_memory;
  facts.remote = known->remote;
}

void add_mode(std::vector<ModeFacts>& modes, const fs::path& path, bool is_key) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return;
  if (S_ISSOCK(status.st_mode)) return;  // who may connect, the recorder decides
  modes.push_back({.path = path.string(), .mode = status.st_mode, .is_key = is_key});
}

void add_children(std::vector<ModeFacts>& modes, const fs::path& folder, bool is_key) {
  std::vector<fs::path> children;
  capture::for_each_entry(
      folder, [&](const fs::directory_entry& entry) { children.push_back(entry.path()); });
  std::sort(children.begin(), children.end());
  for (const fs::path& child : children)
    add_mode(modes, child, is_key || child.filename() == "keys");
}

// calls/2026/11/21/x.mka: the greatest name of each level.
fs::path newest_below(fs::path folder) {
  std::error_code error;
  while (fs::is_directory(folder, error)) {
    fs::path newest;
    capture::for_each_entry(
        folder, [&](const fs::directory_entry& entry) { newest = std::max(newest, entry.path()); });
    if (newest.empty()) return {};
    folder = newest;
  }
  return folder;
}

}  // namespace

ClockFacts clock_facts() {
  timex clock{};
  const int state = adjtimex(&clock);
  const double unit = (clock.status & STA_NANO) != 0 ? 1e-9 : 1e-6;
  return {.synchronised = state >= 0 && state != TIME_ERROR && (clock.status & STA_UNSYNC) == 0,
          .offset_s = static_cast<double>(clock.offset) * unit,
          .most_error_s = static_cast<double>(clock.maxerror) * 1e-6};
}

DiskFacts disk_facts(const std::string& path) {
  DiskFacts facts;
  std::error_code error;
  fs::path existing = fs::absolute(path, error);
  while (!fs::exists(existing, error) && existing.has_relative_path()) {
    existing = existing.parent_path();
  }
  facts.path = existing.string();
  struct stat status {};
  struct statfs kind {};
  struct statvfs space {};
  if (stat(facts.path.c_str(), &status) == 0) facts.device = status.st_dev;
  if (statfs(facts.path.c_str(), &kind) == 0) {
    name_file_system(facts, static_cast<std::uint32_t>(kind.f_type));
  }
  if (statvfs(facts.path.c_str(), &space) == 0) {
    facts.free_bytes = static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
    facts.total_bytes = static_cast<std::uint64_t>(space.f_blocks) * space.f_frsize;
    facts.read_only = (space.f_flag & ST_RDONLY) != 0;
  }
  return facts;
}

MemoryFacts memory_facts() {
  MemoryFacts facts;
  facts.cpus = static_cast<unsigned>(std::max(sysconf(_SC_NPROCESSORS_ONLN), 0L));
  std::ifstream meminfo("/proc/meminfo");
  // "MemTotal:       24684084 kB", "HugePages_Total:       0"
  for (std::string name, line; meminfo >> name;) {
    std::uint64_t count = 0;
    meminfo >> count;
    std::getline(meminfo, line);
    if (name == "MemTotal:") facts.total_bytes = count * 1024;
    if (name == "MemAvailable:") facts.available_bytes = count * 1024;
    if (name == "HugePages_Total:") facts.huge_pages = count;
    if (name == "Hugepagesize:") facts.huge_page_bytes = count * 1024;
  }
  return facts;
}

std::vector<ModeFacts> archive_modes(const std::string& directory) {
  std::vector<ModeFacts> modes;
  const fs::path folder(directory);
  add_mode(modes, folder, false);
  if (modes.empty()) return modes;
  add_children(modes, folder, false);
  add_children(modes, folder / "keys", true);
  const fs::path call = newest_below(folder / "calls");
  if (!call.empty()) add_mode(modes, call, false);
  return modes;
}

}  // namespace koegura::tools
