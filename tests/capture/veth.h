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
#include <sstream>
#include <string>
#include <utility>
#include <vector>

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

// One end of a wire, as a test's own packet socket.
class WireEnd {
 public:
  explicit WireEnd(const std::string& interface)
      : socket_(socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    address_.sll_family = AF_PACKET;
    address_.sll_protocol = htons(ETH_P_ALL);
    address_.sll_ifindex = static_cast<int>(if_nametoindex(interface.c_str()));
    bind(socket_, reinterpret_cast<const sockaddr*>(&address_), sizeof address_);
  }
  WireEnd(const WireEnd&) = delete;
  WireEnd& operator=(const WireEnd&) = delete;
  ~WireEnd() { close(socket_); }

  bool send(Bytes frame) const {
    const auto size = static_cast<ssize_t>(frame.size());
    ssize_t sent = -1;
    do {
      sent = ::send(socket_, frame.data(), frame.size(), 0);
    } while (sent < 0 && (errno == ENOBUFS || errno == EAGAIN));
    return sent == size;
  }
  // Frames that came from the other end, not those sent here.
  [[nodiscard]] std::size_t received() const {
    std::size_t count = 0;
    std::array<std::byte, 2048> frame;
    sockaddr_ll from = {};
    socklen_t size = sizeof from;
    while (recvfrom(socket_, frame.data(), frame.size(), MSG_DONTWAIT,
                    reinterpret_cast<sockaddr*>(&from), &size) >= 0) {
      count += from.sll_pkttype == PACKET_OUTGOING ? 0 : 1;
      size = sizeof from;
    }
    return count;
  }

 private:
  int socket_;
  sockaddr_ll address_ = {};
};

// A wire: `near` is recorded, on `far` the test sends. Both are up.
class Veth {
 public:
  explicit Veth(std::string name) : near_(std::move(name)), far_(near_ + "far") {
    made_ = shell("ip link add " + near_ + " type veth peer name " + far_) &&
            shell("ip link set " + near_ + " up") && shell("ip link set " + far_ + " up");
  }
  Veth(const Veth&) = delete;
  Veth& operator=(const Veth&) = delete;
  ~Veth() { shell("ip link del " + near_ + " 2>/dev/null"); }

  [[nodiscard]] bool made() const { return made_; }
  [[nodiscard]] const std::string& near() const { return near_; }
  [[nodiscard]] const std::string& far() const { return far_; }
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
};

// A frame that outlives its burst.
struct CapturedFrame {
  Octets bytes;
  std::uint32_t wire_length = 0;
  Timestamp time;
  LinkType link = LinkType::kEthernet;
};

inline constexpr auto kPatience = std::chrono::seconds(10);

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
