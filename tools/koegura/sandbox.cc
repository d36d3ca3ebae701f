#include "sandbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <set>
#include <thread>

namespace koegura::tools {

namespace {

constexpr auto kDropPatience = std::chrono::seconds(2);

std::string reason() {
  return std::strerror(errno);
}

// The numbers that name the entries of a folder of /proc: threads, descriptors.
std::vector<int> numbers_in(const char* folder) {
  std::vector<int> numbers;
  const std::unique_ptr<DIR, int (*)(DIR*)> list(opendir(folder), closedir);
  if (list == nullptr) return numbers;
  while (const dirent* entry = readdir(list.get())) {
    if (entry->d_name[0] != '.') numbers.push_back(std::atoi(entry->d_name));
  }
  return numbers;
}

// ---- capabilities ---------------------------------------------------------------------------

using CapabilityWords = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

CapabilityWords capabilities() {
  CapabilityWords words = {};
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  syscall(SYS_capget, &header, words.data());
  return words;
}
bool set_capabilities(const CapabilityWords& words) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  return syscall(SYS_capset, &header, words.data()) == 0;
}

// Of this thread. System calls and nothing else: it also runs in a signal's handler.
bool drop_capabilities(std::uint64_t kept) {
  for (unsigned long number = 0; number < 64; ++number) {
    if ((kept >> number & 1U) == 0) prctl(PR_CAPBSET_DROP, number, 0, 0, 0);
  }
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  CapabilityWords words = capabilities();
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto mask = static_cast<std::uint32_t>(kept >> 32U * i);
    words[i].permitted &= mask;
    words[i].effective &= mask;
    words[i].inheritable = 0;
  }
  return set_capabilities(words);
}

std::atomic<std::uint64_t> g_kept;
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

void on_drop_signal(int /*signal*/) {
  const int before = errno;
  drop_capabilities(g_kept);
  errno = before;
}

// Whether a thread holds no capability but those kept, or has ended.
bool has_dropped(int thread, std::uint64_t kept) {
  std::ifstream status("/proc/self/task/" + std::to_string(thread) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("CapPrm:")) continue;
    return (std::stoull(line.substr(7), nullptr, 16) & ~kept) == 0;
  }
  return true;
}

// The handler stays: a thread may come to it late.
Result<void> drop_on_other_threads(std::uint64_t kept) {
  g_kept = kept;
  struct sigaction action = {};
  action.sa_handler = on_drop_signal;
  action.sa_flags = SA_RESTART;
  if (sigaction(SIGRTMAX, &action, nullptr) != 0) return failure("sigaction: " + reason());
  const auto self = static_cast<int>(syscall(SYS_gettid));
  std::set<int> asked = {self};
  const auto end = std::chrono::steady_clock::now() + kDropPatience;
  for (bool dropped = false; !dropped;) {
    dropped = true;
    // Anew each time: a thread that was not asked yet may have started another.
    for (const int thread : numbers_in("/proc/self/task")) {
      if (asked.insert(thread).second) syscall(SYS_tgkill, getpid(), thread, SIGRTMAX);
      dropped = dropped && (thread == self || has_dropped(thread, kept));
    }
    if (std::chrono::steady_clock::now() > end) {
      return failure("dropping the capabilities: a thread blocks the signal that asks it to");
    }
    std::this_thread::yield();
  }
  return {};
}

// Tried with no capability in effect, and before any is given up.
Result<void> check_writable(const SandboxOptions& options) {
  const CapabilityWords before = capabilities();
  CapabilityWords words = before;
  for (std::size_t i = 0; i < words.size(); ++i) {
    words[i].effective &= static_cast<std::uint32_t>(options.kept_capabilities >> 32U * i);
  }
  if (!set_capabilities(words)) return failure("setting the capabilities: " + reason());
  Result<void> result;
  for (const std::string& folder : options.writable) {
    if (faccessat(AT_FDCWD, folder.c_str(), R_OK | W_OK | X_OK, AT_EACCESS) == 0) continue;
    const std::string why = reason();
    struct stat owner = {};
    std::string who = "its owner";
    if (stat(folder.c_str(), &owner) == 0) who = "uid " + std::to_string(owner.st_uid);
    result = failure(
        folder + ": cannot be written once the recorder has dropped its capabilities: " + why +
            ": run it as " + who + ", or give it the folder with chown -R",
        ErrorKind::kNotPermitted);
    break;
  }
  if (!set_capabilities(before)) return failure("setting the capabilities: " + reason());
  return result;
}

// ---- system calls ---------------------------------------------------------------------------

// Refused whatever their arguments.
constexpr std::array kRefusedCalls = {
    // other ways to send, past the rules below
    SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register),
    SCMP_SYS(pidfd_getfd),
    // the kernel
    SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(init_module), SCMP_SYS(finit_module),
    SCMP_SYS(delete_module), SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load), SCMP_SYS(reboot),
    SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(iopl), SCMP_SYS(ioperm), SCMP_SYS(acct),
    SCMP_SYS(quotactl), SCMP_SYS(userfaultfd), SCMP_SYS(add_key), SCMP_SYS(request_key),
    SCMP_SYS(keyctl), SCMP_SYS(settimeofday), SCMP_SYS(clock_settime), SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname),
    // other processes, other programs
    SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(kcmp),
    SCMP_SYS(execve), SCMP_SYS(execveat),
    // the tree of files, and the namespaces
    SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(open_tree),
    SCMP_SYS(move_mount), SCMP_SYS(fsopen), SCMP_SYS(fsconfig), SCMP_SYS(fsmount), SCMP_SYS(fspick),
    SCMP_SYS(mount_setattr), SCMP_SYS(open_by_handle_at), SCMP_SYS(setns), SCMP_SYS(unshare)};

// ioctls that change an interface, a route or a neighbour, on whatever socket.
constexpr std::array<unsigned, 24> kRefusedIoctls = {
    SIOCADDRT,          SIOCDELRT,      SIOCSIFLINK,    SIOCSIFFLAGS,  SIOCSIFADDR,
    SIOCSIFDSTADDR,     SIOCSIFBRDADDR, SIOCSIFNETMASK, SIOCSIFMETRIC, SIOCSIFMEM,
    SIOCSIFMTU,         SIOCSIFNAME,    SIOCSIFHWADDR,  SIOCSIFENCAP,  SIOCSIFSLAVE,
    SIOCSIFHWBROADCAST, SIOCSIFTXQLEN,  SIOCSIFMAP,     SIOCADDMULTI,  SIOCDELMULTI,
    SIOCSIFBR,          SIOCSARP,       SIOCDARP,       SIOCSHWTSTAMP};

// Calls that send on a descriptor or give it another number, and the argument that holds it.
struct DescriptorCall {
  int call;
  unsigned argument;
};
constexpr std::array kSendingCalls = {
    DescriptorCall{SCMP_SYS(sendto), 0},   DescriptorCall{SCMP_SYS(sendmsg), 0},
    DescriptorCall{SCMP_SYS(sendmmsg), 0}, DescriptorCall{SCMP_SYS(write), 0},
    DescriptorCall{SCMP_SYS(writev), 0},   DescriptorCall{SCMP_SYS(pwrite64), 0},
    DescriptorCall{SCMP_SYS(pwritev), 0},  DescriptorCall{SCMP_SYS(pwritev2), 0},
    DescriptorCall{SCMP_SYS(sendfile), 0}, DescriptorCall{SCMP_SYS(splice), 2},
    DescriptorCall{SCMP_SYS(connect), 0},  DescriptorCall{SCMP_SYS(bind), 0},
    DescriptorCall{SCMP_SYS(dup), 0},      DescriptorCall{SCMP_SYS(dup2), 0},
    DescriptorCall{SCMP_SYS(dup3), 0},     DescriptorCall{SCMP_SYS(dup2), 1},
    DescriptorCall{SCMP_SYS(dup3), 1}};

// Sockets that could reach a wire.
std::vector<int> network_sockets() {
  std::vector<int> sockets;
  for (const int descriptor : numbers_in("/proc/self/fd")) {
    int domain = AF_UNIX;
    socklen_t size = sizeof domain;
    if (descriptor > STDERR_FILENO &&
        getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain != AF_UNIX) {
      sockets.push_back(descriptor);
    }
  }
  return sockets;
}

// Collects the rules, and remembers the first that was not taken.
class Rules {
 public:
  Rules() : context_(seccomp_init(SCMP_ACT_ALLOW), seccomp_release) {
    // No 32-bit calls: their numbers mean other things.
    note(context_ == nullptr
             ? -ENOMEM
             : seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM)));
    note(seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_TSYNC, 1));
  }

  void refuse(int call) {
    note(seccomp_rule_add_array(context_.get(), SCMP_ACT_ERRNO(EPERM), call, 0, nullptr));
  }
  void refuse(int call, const std::vector<scmp_arg_cmp>& arguments, int error = EPERM) {
    note(seccomp_rule_add_array(context_.get(), SCMP_ACT_ERRNO(static_cast<unsigned>(error)), call,
                                static_cast<unsigned>(arguments.size()), arguments.data()));
  }
  // 0, or a negative errno.
  int load() { return status_ != 0 ? status_ : seccomp_load(context_.get()); }

 private:
  void note(int status) {
    if (status_ == 0) status_ = status;
  }

  std::unique_ptr<void, void (*)(scmp_filter_ctx)> context_;
  int status_ = 0;
};

// The kernel looks at an argument's lower half where it means an int.
scmp_arg_cmp equals(unsigned argument, std::uint64_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, 0xFFFFFFFFU, value};
}

void refuse_sending(Rules& rules, int descriptor) {
  const auto value = static_cast<std::uint64_t>(descriptor);
  for (const auto& [call, argument] : kSendingCalls) rules.refuse(call, {equals(argument, value)});
  for (const int duplicate : {F_DUPFD, F_DUPFD_CLOEXEC}) {
    rules.refuse(SCMP_SYS(fcntl),
                 {equals(0, value), equals(1, static_cast<std::uint64_t>(duplicate))});
  }
  constexpr int kSaysItWorked = 0;
  rules.refuse(SCMP_SYS(close), {equals(0, value)}, kSaysItWorked);
}

Result<void> filter_system_calls() {
  Rules rules;
  for (const int call : kRefusedCalls) rules.refuse(call);
  for (const unsigned request : kRefusedIoctls) rules.refuse(SCMP_SYS(ioctl), {equals(1, request)});
  rules.refuse(SCMP_SYS(socket), {{0, SCMP_CMP_NE, AF_UNIX, 0}});
  rules.refuse(SCMP_SYS(setsockopt), {equals(1, SOL_PACKET), equals(2, PACKET_TX_RING)});
  for (const int descriptor : network_sockets()) refuse_sending(rules, descriptor);
  if (const int status = rules.load(); status != 0) {
    return failure(std::string("filtering system calls: ") + std::strerror(-status) +
                   ": the kernel needs CONFIG_SECCOMP_FILTER");
  }
  return {};
}

}  // namespace

Result<void> enter_sandbox(const SandboxOptions& options) {
  if (auto writable = check_writable(options); !writable) return writable;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failure("no_new_privs: " + reason());
  if (auto dropped = drop_on_other_threads(options.kept_capabilities); !dropped) return dropped;
  if (!drop_capabilities(options.kept_capabilities)) {
    return failure("dropping the capabilities: " + reason());
  }
  // Threads that run take the filter, and no_new_privs, from this one (TSYNC).
  return filter_system_calls();
}

}  // namespace koegura::tools
