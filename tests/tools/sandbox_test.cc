// The sandbox, entered in children: what it refuses, and that recording goes on within it.
#include "sandbox.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <set>
#include <thread>

#include "../capture/veth.h"
#include "capture/live.h"
#include "replay.h"
#include "traffic/traffic.h"

namespace koegura::tools {
namespace {

using namespace capture::test;
namespace fs = std::filesystem;

class TemporaryFolder {
 public:
  TemporaryFolder() : path_(fs::temp_directory_path() / ("sandbox" + std::to_string(getpid()))) {
    fs::create_directories(path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { fs::remove_all(path_); }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

// Collects what is not as it should be.
class Complaints {
 public:
  void refused(const char* what, long result) {
    if (result == -1 && errno == EPERM) return;
    text_ += std::string(what) +
             (result == -1 ? std::string(" failed: ") + std::strerror(errno)
                           : " gave " + std::to_string(result)) +
             "; ";
  }
  void expect(const char* what, bool holds) {
    if (!holds) text_ += std::string(what) + "; ";
  }
  void enters(const SandboxOptions& options = {}) {
    if (auto entered = enter_sandbox(options); !entered) text_ += entered.error().message + "; ";
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

bool is_root() {
  if (geteuid() == 0) return true;
  std::cout << "skipped: needs root\n";
  return false;
}

std::unique_ptr<capture::PacketSource> opened(const std::string& interface) {
  auto source = capture::open_interface(interface, "", {});
  REQUIRE_MESSAGE(source, (source ? "" : source.error().message));
  return std::move(*source);
}

capture::test::Octets sip() {
  return ethernet(udp("192.0.2.1:5060", "192.0.2.2:5060", "OPTIONS"));
}

// Every way to send on a descriptor, or to get another number for it.
void try_to_send(Complaints& complaints, int descriptor) {
  Octets frame = sip();
  iovec part = {frame.data(), frame.size()};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  mmsghdr messages = {message, 0};
  complaints.refused("send", send(descriptor, frame.data(), frame.size(), 0));
  complaints.refused("sendmsg", sendmsg(descriptor, &message, 0));
  complaints.refused("sendmmsg", sendmmsg(descriptor, &messages, 1, 0));
  complaints.refused("write", write(descriptor, frame.data(), frame.size()));
  complaints.refused("writev", writev(descriptor, &part, 1));
  complaints.refused("pwrite", pwrite(descriptor, frame.data(), frame.size(), 0));
  complaints.refused("pwritev", pwritev(descriptor, &part, 1, 0));
  // The kernel takes an int; what stands above it is no way around.
  complaints.refused("write with a large number",
                     syscall(SYS_write, static_cast<unsigned long>(descriptor) | 1UL << 32U,
                             frame.data(), frame.size()));
  std::array<int, 2> ends = {};
  complaints.expect("pipe", pipe(ends.data()) == 0 && write(ends[1], "x", 1) == 1);
  complaints.refused("splice", splice(ends[0], nullptr, descriptor, nullptr, 1, 0));
  const int file = memfd_create("frame", 0);
  complaints.refused("sendfile", sendfile(descriptor, file, nullptr, 1));
  complaints.refused("dup", dup(descriptor));
  complaints.refused("dup2", dup2(descriptor, 200));
  complaints.refused("dup3", dup3(descriptor, 200, O_CLOEXEC));
  complaints.refused("F_DUPFD", fcntl(descriptor, F_DUPFD, 0));
  complaints.refused("F_DUPFD_CLOEXEC", fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
  tpacket_req ring = {};
  complaints.refused("PACKET_TX_RING",
                     setsockopt(descriptor, SOL_PACKET, PACKET_TX_RING, &ring, sizeof ring));
  ifreq request = {};
  complaints.refused("SIOCSIFFLAGS", ioctl(descriptor, SIOCSIFFLAGS, &request));
  complaints.refused("SIOCSIFADDR", ioctl(descriptor, SIOCSIFADDR, &request));
}

void try_other_sockets(Complaints& complaints) {
  complaints.refused("AF_PACKET", socket(AF_PACKET, SOCK_RAW, 0));
  complaints.refused("AF_INET", socket(AF_INET, SOCK_DGRAM, 0));
  complaints.refused("AF_INET, TCP", socket(AF_INET, SOCK_STREAM, 0));
  complaints.refused("AF_INET6", socket(AF_INET6, SOCK_DGRAM, 0));
  complaints.refused("AF_NETLINK", socket(AF_NETLINK, SOCK_RAW, 0));
}

void try_the_kernel(Complaints& complaints) {
  char name[] = "/bin/true";
  char* const arguments[] = {name, nullptr};
  iovec none = {};
  complaints.refused("execve", execve(name, arguments, arguments));
  complaints.refused("ptrace", ptrace(PTRACE_TRACEME, 0, nullptr, nullptr));
  complaints.refused("process_vm_readv", process_vm_readv(getpid(), &none, 1, &none, 1, 0));
  complaints.refused("mount", mount("none", "/tmp", "tmpfs", 0, nullptr));
  complaints.refused("umount", umount("/proc"));
  complaints.refused("chroot", chroot("/tmp"));
  complaints.refused("unshare", unshare(CLONE_NEWNS));
  complaints.refused("setns", setns(0, 0));
  complaints.refused("bpf", syscall(SYS_bpf, 0, nullptr, 0));
  complaints.refused("perf_event_open", syscall(SYS_perf_event_open, nullptr, 0, 0, -1, 0));
  complaints.refused("io_uring_setup", syscall(SYS_io_uring_setup, 1, nullptr));
  complaints.refused("keyctl", syscall(SYS_keyctl, 0, 0, 0, 0, 0));
  complaints.refused("kexec_load", syscall(SYS_kexec_load, 0, 0, nullptr, 0));
  complaints.refused("init_module", syscall(SYS_init_module, nullptr, 0, ""));
  complaints.refused("reboot", syscall(SYS_reboot, 0, 0, 0, nullptr));
  complaints.refused("swapon", syscall(SYS_swapon, "/", 0));
}

TEST_CASE("in the sandbox frames are read and nothing can be sent: the far end sees no frame") {
  if (!enter_own_network()) return;
  const Veth wire("k0");
  REQUIRE(wire.made());
  const WireEnd far(wire, wire.far());
  const auto source = opened(wire.near());
  for (int i = 0; i < 100; ++i) REQUIRE(far.send(sip()));
  const std::string complaints = in_child([&] {
    Complaints found;
    found.enters();
    found.expect("frames are read", read_frames(*source, 100).size() == 100);
    found.expect("losses are counted", source->losses() == capture::SourceLosses{});
    try_to_send(found, source->wait_handle());
    try_other_sockets(found);
    try_the_kernel(found);
    return found.text();
  });
  CHECK(complaints == "");
  CHECK(far.received() == 0);
  CHECK(Veth::sent_through(wire.near()) == 0);

  // That measures something: without the sandbox the first of these calls does send.
  const std::string sent = in_child([&] {
    const Octets frame = sip();
    return std::to_string(send(source->wait_handle(), frame.data(), frame.size(), 0));
  });
  CHECK(sent == std::to_string(sip().size()));
  koegura::test::wait_until([&] { return far.received() == 1; });
  CHECK(Veth::sent_through(wire.near()) == 1);
}

TEST_CASE("in the sandbox losses are counted, and a deleted interface is still an error") {
  if (!enter_own_network()) return;
  const Veth wire("k0");
  auto source = capture::open_interface(wire.near(), "", {.ring_bytes = 1U << 20U});
  REQUIRE(source);
  const Octets frame = ethernet(udp("192.0.2.1:1", "192.0.2.2:2", std::string(1000, 'x')));
  {
    const WireEnd far(wire, wire.far());
    for (int i = 0; i < 3000; ++i) REQUIRE(far.send(frame));
  }
  REQUIRE(shell("ip link del k0"));
  const std::string complaints = in_child([&] {
    Complaints found;
    found.enters();
    const auto lost = (*source)->losses().ring;
    found.expect("lost some", lost > 0 && lost < 3000);
    std::string error;
    found.expect("received and lost are sent",
                 read_frames(**source, 3000, &error).size() + lost == 3000);
    found.expect("says that it is gone", error.find("disappeared") != std::string::npos);
    return found.text();
  });
  CHECK(complaints == "");
}

TEST_CASE("a source that is closed in the sandbox leaves no number behind that files would get") {
  if (!enter_own_network()) return;
  const Veth wire("k0");
  const TemporaryFolder folder;
  auto source = opened(wire.near());
  const std::string complaints = in_child([&] {
    Complaints found;
    found.enters();
    const int number = source->wait_handle();
    source.reset();
    for (int i = 0; i < 64; ++i) {
      const int file = open(folder.file(std::to_string(i)).c_str(), O_CREAT | O_WRONLY, 0600);
      found.expect("a new number", file >= 0 && file != number);
      found.expect("writing", write(file, "x", 1) == 1);
    }
    try_to_send(found, number);
    return found.text();
  });
  CHECK(complaints == "");
}

bool unix_sockets_work(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  const int server = socket(AF_UNIX, SOCK_STREAM, 0);
  const int client = socket(AF_UNIX, SOCK_STREAM, 0);
  if (bind(server, name, sizeof address) != 0 || listen(server, 1) != 0) return false;
  if (connect(client, name, sizeof address) != 0) return false;
  const int accepted = accept(server, nullptr, nullptr);
  char answer = 0;
  return send(client, "x", 1, 0) == 1 && read(accepted, &answer, 1) == 1 && answer == 'x';
}

// Calls are made, recorded and archived: FFmpeg both ways, RocksDB, threads, files.
std::string record(const TemporaryFolder& folder) {
  traffic::TrafficOptions calls;
  calls.calls = 4;
  calls.talk = std::chrono::seconds(2);
  calls.codec = "G722";
  const std::string capture = folder.file("calls.pcap");
  if (auto made = traffic::generate(calls, capture, ""); !made) return made.error().message;
  auto input = ReplayInput::open({capture});
  if (!input) return input.error().message;
  Session session;
  session.archive = folder.file("archive");
  const std::atomic<bool> stop = false;
  const auto result = replay(std::move(*input), session, stop);
  if (!result) return result.error().message;
  for (const Error& problem : result->problems) return problem.message;
  return result->accounting.calls().archived() == 4 ? "" : "not all calls are archived";
}

TEST_CASE("in the sandbox calls are recorded: Unix sockets, files, threads, RocksDB, FFmpeg") {
  if (!is_root()) return;
  const TemporaryFolder folder;
  const std::string complaints = in_child([&] {
    Complaints found;
    found.enters();
    found.expect("Unix sockets work", unix_sockets_work(folder.file("socket")));
    const std::string recorded = record(folder);
    found.expect(recorded.c_str(), recorded.empty());
    return found.text();
  });
  CHECK(complaints == "");
  CHECK(fs::exists(folder.file("archive") + "/calls"));
}

// What each thread of the process has of a line of its status.
std::set<std::string> of_every_thread(const std::string& field) {
  std::set<std::string> values;
  for (const auto& task : fs::directory_iterator("/proc/self/task")) {
    std::ifstream status(task.path() / "status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with(field + ":\t")) values.insert(line.substr(field.size() + 2));
    }
  }
  return values;
}

using Values = std::set<std::string>;

TEST_CASE("the sandbox holds for threads that ran before and for those that come after") {
  if (!is_root()) return;
  const std::string complaints = in_child([] {
    Complaints found;
    std::atomic<bool> stop = false;
    std::vector<std::thread> threads;
    const auto wait = [&] { stop.wait(false); };
    for (int i = 0; i < 8; ++i) threads.emplace_back(wait);
    found.enters();
    for (int i = 0; i < 8; ++i) threads.emplace_back(wait);
    for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
      found.expect(set, of_every_thread(set) == Values{"0000000000000000"});
    }
    found.expect("NoNewPrivs", of_every_thread("NoNewPrivs") == Values{"1"});
    found.expect("Seccomp", of_every_thread("Seccomp") == Values{"2"});
    stop = true;
    stop.notify_all();
    for (std::thread& thread : threads) thread.join();
    return found.text();
  });
  CHECK(complaints == "");
}

TEST_CASE("a capability that is still needed stays, and no other") {
  if (!is_root()) return;
  const std::string complaints = in_child([] {
    Complaints found;
    found.enters({.kept_capabilities = 1U << CAP_IPC_LOCK, .writable = {}});
    for (const char* set : {"CapPrm", "CapEff", "CapBnd"}) {
      found.expect(set, of_every_thread(set) == Values{"0000000000004000"});
    }
    return found.text();
  });
  CHECK(complaints == "");
}

TEST_CASE("a folder that would not be writable any more is an error before anything is given up") {
  if (!is_root()) return;
  const TemporaryFolder folder;
  const std::string archive = folder.file("archive");
  fs::create_directory(archive);
  REQUIRE(chown(archive.c_str(), 12345, 12345) == 0);
  REQUIRE(chmod(archive.c_str(), 0700) == 0);
  const std::string complaints = in_child([&] {
    Complaints found;
    const Values before = of_every_thread("CapEff");
    const auto entered =
        enter_sandbox({.kept_capabilities = 0, .writable = {folder.file(""), archive}});
    found.expect("refused", !entered && entered.error().kind == ErrorKind::kNotPermitted);
    if (!entered) {
      found.expect(entered.error().message.c_str(),
                   entered.error().message ==
                       archive +
                           ": cannot be written once the recorder has dropped its "
                           "capabilities: Permission denied: run it as uid 12345, or give "
                           "it the folder with chown -R");
    }
    found.expect("capabilities are as before", of_every_thread("CapEff") == before);
    found.expect("no sandbox", of_every_thread("Seccomp") == Values{"0"});
    found.enters({.kept_capabilities = 1U << CAP_DAC_OVERRIDE, .writable = {archive}});
    return found.text();
  });
  CHECK(complaints == "");
}

TEST_CASE("a thread that cannot be made to drop its capabilities is an error") {
  if (!is_root()) return;
  const std::string error = in_child([] {
    std::atomic<bool> ready = false;
    sigset_t all;
    sigfillset(&all);
    std::thread deaf([&] {
      pthread_sigmask(SIG_BLOCK, &all, nullptr);
      ready = true;
      ready.notify_all();
      pause();
    });
    deaf.detach();
    ready.wait(false);
    const auto entered = enter_sandbox({});
    return entered ? std::string("entered") : entered.error().message;
  });
  CHECK(error == "dropping the capabilities: a thread blocks the signal that asks it to");
}

TEST_CASE("without root the sandbox is entered all the same") {
  if (!is_root()) return;
  const std::string complaints = in_child([] {
    Complaints found;
    found.expect("setresuid", setresuid(65534, 65534, 65534) == 0);
    found.enters();
    try_other_sockets(found);
    return found.text();
  });
  CHECK(complaints == "");
}

}  // namespace
}  // namespace koegura::tools
