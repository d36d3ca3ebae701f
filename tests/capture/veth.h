// Wires for the tests of live capture: veth pairs in a network namespace of the test's own, which
// the kernel takes away with the process, and children that may give up what the test still needs.
#pragma once

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "../wait_until.h"
#include "capture/packet_source.h"
#include "packet_builder.h"

namespace koegura::capture::test {

// Moves the process into a network namespace of its own where the kernel says nothing by itself: no
// IPv6, so no router solicitations. False, and the reason on stdout, where that is not possible.
// REQUIRES: no other threads.
inline bool enter_own_network() {
  static const bool entered = [] {
    if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) {
      std::cout << "skipped: no network namespace of our own: " << std::strerror(errno) << '\n';
      return false;
    }
    // /sys/class/net of this network; the mount is not seen outside.
    mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    mount("sysfs", "/sys", "sysfs", 0, nullptr);
    std::ofstream("/proc/sys/net/ipv6/conf/default/disable_ipv6") << 1;
    return true;
  }();
  return entered;
}

inline bool shell(const std::string& command) {
  return std::system(command.c_str()) == 0;
}

inline constexpr auto kPatience = std::chrono::seconds(10);

// A test's own packet socket on an interface.
class PacketSocket {
 public:
  explicit PacketSocket(const std::string& interface)
      : handle_(socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_ll address = {};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
    bind(handle_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const int yes = 1;
    setsockopt(handle_, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof yes);
  }
  PacketSocket(const PacketSocket&) = delete;
  PacketSocket& operator=(const PacketSocket&) = delete;
  ~PacketSocket() { close(handle_); }

  [[nodiscard]] int handle() const { return handle_; }
  // Frames that arrived here since the last time, read or not, kept or dropped.
  [[nodiscard]] unsigned arrived() const {
    tpacket_stats stats = {};
    socklen_t size = sizeof stats;
    getsockopt(handle_, SOL_PACKET, PACKET_STATISTICS, &stats, &size);
    return stats.tp_packets;  // the dropped among them
  }

 private:
  int handle_;
};

// A wire: `near` is recorded, on `far` the test sends. Both are up.
class Veth {
 public:
  explicit Veth(std::string name) : near_(std::move(name)), far_(near_ + "far") {
    made_ = shell("ip link add " + near_ + " type veth peer name " + far_) &&
            shell("ip link set " + near_ + " up") && shell("ip link set " + far_ + " up");
    if (made_) wait_for_carrier();
    at_near_ = std::make_unique<PacketSocket>(near_);
    at_far_ = std::make_unique<PacketSocket>(far_);
  }
  Veth(const Veth&) = delete;
  Veth& operator=(const Veth&) = delete;
  ~Veth() { shell("ip link del " + near_ + " 2>/dev/null"); }

  [[nodiscard]] bool made() const { return made_; }
  // An interface that is set up gets its carrier, and its queue, a while later; until then frames
  // vanish. `ip` asks under the lock that both are given under.
  void wait_for_carrier() const {
    const auto is_up = [](const std::string& interface) {
      return shell("ip link show " + interface + " | grep -q 'state UP'");
    };
    koegura::test::wait_until([&] { return is_up(near_) && is_up(far_); });
  }
  [[nodiscard]] const std::string& near() const { return near_; }
  [[nodiscard]] const std::string& far() const { return far_; }
  // What arrives across from one of the two. Older than any other socket there, so the kernel
  // serves it last: what arrived here, arrived at all.
  [[nodiscard]] const PacketSocket& across_from(const std::string& interface) const {
    return interface == near_ ? *at_far_ : *at_near_;
  }
  // Frames that left through an interface, by the kernel's own counter.
  [[nodiscard]] static std::uint64_t sent_through(const std::string& interface) {
    std::ifstream table("/proc/thread-self/net/dev");
    for (std::string line; std::getline(table, line);) {
      std::istringstream words(line);
      std::string name;
      words >> name;
      if (name != interface + ":") continue;
      std::uint64_t value = 0;
      constexpr int kTransmittedPackets = 10;  // the tenth number of the line
      for (int i = 0; i < kTransmittedPackets; ++i) words >> value;
      return value;
    }
    return ~std::uint64_t{0};
  }

 private:
  std::string near_;
  std::string far_;
  bool made_ = false;
  std::unique_ptr<PacketSocket> at_near_;
  std::unique_ptr<PacketSocket> at_far_;
};

// One end of a wire, where the test sends.
class WireEnd {
 public:
  WireEnd(const Veth& wire, const std::string& interface)
      : socket_(interface), across_(wire.across_from(interface)) {}

  // Sends a frame, and waits until it has arrived. The kernel carries it over in a softirq, which
  // it puts off where it is busy: a sender that goes on looks too early, and from a thousand frames
  // on (netdev_max_backlog) loses some uncounted. REQUIRES: nobody else sends from here meanwhile.
  bool send(Bytes frame) const {
    const auto size = static_cast<ssize_t>(frame.size());
    (void)across_.arrived();
    ssize_t sent = -1;
    do {
      sent = ::send(socket_.handle(), frame.data(), frame.size(), 0);
    } while (sent < 0 && (errno == ENOBUFS || errno == EAGAIN));
    if (sent != size) return false;
    koegura::test::wait_until([&] { return across_.arrived() != 0; });
    return true;
  }
  // Frames that came from the other end since the last time.
  [[nodiscard]] std::size_t received() const {
    std::size_t count = 0;
    std::array<std::byte, 2048> frame;
    while (recv(socket_.handle(), frame.data(), frame.size(), MSG_DONTWAIT) >= 0) ++count;
    return count;
  }

 private:
  PacketSocket socket_;
  const PacketSocket& across_;
};

// A frame that outlives its burst.
struct CapturedFrame {
  Octets bytes;
  std::uint32_t wire_length = 0;
  Timestamp time;
  LinkType link = LinkType::kEthernet;
};

// Reads until there are `count` frames, an error (then *error says which), or patience is over.
inline std::vector<CapturedFrame> read_frames(PacketSource& source, std::size_t count,
                                              std::string* error = nullptr) {
  std::vector<CapturedFrame> frames;
  std::array<Frame, 64> burst;
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (frames.size() < count && std::chrono::steady_clock::now() < end) {
    pollfd ready = {source.wait_handle(), POLLIN, 0};
    poll(&ready, 1, 20);
    const auto read = source.read(burst);
    if (!read) {
      if (error != nullptr) *error = read.error().message;
      break;
    }
    for (const Frame& frame : std::span(burst).first(*read)) {
      frames.push_back({Octets(frame.bytes.begin(), frame.bytes.end()), frame.wire_length,
                        frame.time, frame.link});
    }
  }
  return frames;
}

// Runs `part` in a child, which may give up rights for good, and gives what it returned.
inline std::string in_child(const std::function<std::string()>& part) {
  std::array<int, 2> pipe_ends = {};
  if (pipe(pipe_ends.data()) != 0) return "no pipe";
  std::cout.flush();
  const pid_t child = fork();
  if (child == 0) {
    const std::string result = part();
    const bool told =
        write(pipe_ends[1], result.data(), result.size()) == static_cast<ssize_t>(result.size());
    _exit(told ? 0 : 1);  // nothing of the parent's is torn down here
  }
  close(pipe_ends[1]);
  std::string result;
  std::array<char, 4096> text;
  for (ssize_t size = 0; (size = read(pipe_ends[0], text.data(), text.size())) > 0;) {
    result.append(text.data(), static_cast<std::size_t>(size));
  }
  close(pipe_ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    result += " (the child died: " + std::to_string(status) + ")";
  }
  return result;
}

}  // namespace koegura::capture::test
