#include "eal.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string_view>

#include "capture/folder_entries.h"

namespace koegura::capture {

namespace {

using Arguments = std::vector<std::string>;

std::atomic<bool> started = false;
std::atomic<bool> up = false;

// "--file-prefix" is there as "--file-prefix", "--file-prefix=x", and "-m" as "-m" and "-m256".
bool has(const Arguments& arguments, std::initializer_list<std::string_view> options) {
  return std::any_of(arguments.begin(), arguments.end(), [&](std::string_view argument) {
    return std::any_of(options.begin(), options.end(), [&](std::string_view option) {
      if (!argument.starts_with(option)) return false;
      const bool is_short = option.size() == 2;
      return is_short || argument.size() == option.size() || argument[option.size()] == '=';
    });
  });
}

// One lcore that may run on any CPU we may run on: "0@(0,1,5)". EAL otherwise starts a thread for
// each CPU, of which we would use none.
std::string one_lcore() {
  constexpr int kMostCpus = 128;  // RTE_MAX_LCORE: EAL knows no others
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  std::string list;
  if (::sched_getaffinity(0, sizeof cpus, &cpus) != 0) return list;
  for (int cpu = 0; cpu < kMostCpus; ++cpu) {
    if (CPU_ISSET(cpu, &cpus)) list += (list.empty() ? "" : ",") + std::to_string(cpu);
  }
  return list.empty() ? list : "--lcores=0@(" + list + ')';
}

class SavedAffinity {
 public:
  SavedAffinity() : valid_(::sched_getaffinity(0, sizeof cpus_, &cpus_) == 0) {}
  ~SavedAffinity() {
    if (valid_) ::sched_setaffinity(0, sizeof cpus_, &cpus_);
  }
  SavedAffinity(const SavedAffinity&) = delete;
  SavedAffinity& operator=(const SavedAffinity&) = delete;

 private:
  cpu_set_t cpus_{};
  bool valid_;
};

bool has_free_hugepages() {
  bool found = false;
  for_each_entry("/sys/kernel/mm/hugepages", [&](const std::filesystem::directory_entry& size) {
    std::uint64_t pages = 0;
    if (std::ifstream(size.path() / "free_hugepages") >> pages && pages != 0) found = true;
  });
  return found;
}

Error start_error(int number, const Arguments& arguments, const EalOutput& output,
                  std::uint64_t memory_mib) {
  const std::string what = "starting DPDK: " + std::string(rte_strerror(number)) + output.quoted();
  if (!has(arguments, {"--no-huge"}) && !has_free_hugepages()) {
    const std::uint64_t pages = memory_mib;
    return {what + ". There are no free hugepages: sysctl vm.nr_hugepages=" +
            std::to_string(pages) + ", or, slower, '--no-huge' after '--'"};
  }
  if (number == EACCES || number == EPERM) {
    return {what + (::geteuid() == 0
                        ? ". Are /dev/vfio and the devices there, and their drivers loaded?"
                        : ". This needs root: memory, /dev/vfio and the devices"),
            ErrorKind::kNotPermitted};
  }
  if (number == EINVAL) {
    return {what + ". See the EAL arguments after '--'; '-- --help' lists them", ErrorKind::kUsage};
  }
  return {what + ". '-- --log-level=debug' says more"};
}

}  // namespace

Arguments complete_arguments(Arguments arguments, std::uint64_t memory_mib) {
  Arguments ours;
  const auto unless = [&](std::initializer_list<std::string_view> options, std::string argument) {
    if (!argument.empty() && !has(arguments, options)) ours.push_back(std::move(argument));
  };
  unless({"-c", "-l", "--lcores"}, one_lcore());
  unless({"--log-level"}, "--log-level=warning");
  unless({"--telemetry", "--no-telemetry"}, "--no-telemetry");  // a socket that nobody asked for
  // No second process takes part, so nothing needs to stand in the file system: two recorders do
  // not meet there, and one that was killed leaves nothing behind.
  if (has(arguments, {"--no-huge"})) {
    unless({"--no-shconf", "--file-prefix", "--proc-type", "--in-memory"}, "--no-shconf");
    unless({"-m", "--socket-mem"}, "-m" + std::to_string(memory_mib));
  } else {
    unless({"--in-memory", "--file-prefix", "--proc-type", "--huge-dir", "--huge-unlink",
            "--legacy-mem", "--no-shconf"},
           "--in-memory");
  }
  arguments.insert(arguments.begin(), ours.begin(), ours.end());
  return arguments;
}

bool is_quiet(const Arguments& arguments) {
  return !has(arguments, {"--log-level", "--help", "-h", "-v"});
}

Result<std::unique_ptr<Eal>> Eal::start(const Arguments& arguments, std::uint64_t memory_mib,
                                        const EalOutput& output) {
  if (started.exchange(true)) {
    return failure("DPDK was started before in this process, and can be only once");
  }
  Arguments all = complete_arguments(arguments, memory_mib);
  all.insert(all.begin(), "koegura");
  std::vector<char*> argv;
  for (std::string& argument : all) argv.push_back(argument.data());
  const auto count = static_cast<int>(argv.size());
  argv.push_back(nullptr);

  const SavedAffinity affinity;
  const int parsed = rte_eal_init(count, argv.data());
  if (parsed < 0) {
    return tl::make_unexpected(start_error(rte_errno, arguments, output, memory_mib));
  }
  up = true;
  std::unique_ptr<Eal> eal(new Eal);
  if (parsed + 1 < count) {  // getopt has put what is no option last
    return failure("'" + std::string(argv[static_cast<std::size_t>(parsed) + 1]) +
                       "' is no EAL argument; '-- --help' lists them",
                   ErrorKind::kUsage);
  }
  return eal;
}

Eal::~Eal() {
  up = false;
  rte_eal_cleanup();
}

bool Eal::is_up() {
  return up;
}

}  // namespace koegura::capture
