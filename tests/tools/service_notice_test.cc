#include "service_notice.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include "../capture/veth.h"
#include "capture/live.h"
#include "sandbox.h"

namespace koegura::tools {
namespace {

using namespace capture::test;

// systemd's end: a datagram socket that NOTIFY_SOCKET names.
class Manager {
 public:
  explicit Manager(std::string path = "/tmp/koegura-notify-" + std::to_string(getpid()))
      : path_(std::move(path)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    if (path_.front() == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path_.size());
    REQUIRE(bind(socket_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
    setenv("NOTIFY_SOCKET", path_.c_str(), 1);
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;
  ~Manager() {
    unsetenv("NOTIFY_SOCKET");
    close(socket_);
    std::filesystem::remove(path_);
  }
  // The next message; empty if none came.
  [[nodiscard]] std::string next() const {
    char text[4096];
    const auto size = recv(socket_, text, sizeof text, MSG_DONTWAIT);
    return size < 0 ? "" : std::string(text, static_cast<std::size_t>(size));
  }

 private:
  std::string path_;
  int socket_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
};

TEST_CASE("the service manager is told in its own words") {
  const Manager manager;
  notify_ready("2 streams, no alarm");
  CHECK(manager.next() == "READY=1\nSTATUS=2 streams, no alarm");
  notify_status("3 streams");
  CHECK(manager.next() == "STATUS=3 streams");
  notify_alive();
  CHECK(manager.next() == "WATCHDOG=1");
  notify_reloading();
  CHECK(manager.next().starts_with("RELOADING=1\nMONOTONIC_USEC="));
  notify_stopping("stopping");
  CHECK(manager.next() == "STOPPING=1\nSTATUS=stopping");
}

TEST_CASE("a status cannot smuggle in another message") {
  const Manager manager;
  notify_status("x\nSTOPPING=1");
  CHECK(manager.next().find('\n') == std::string::npos);
}

TEST_CASE("a manager that does not read holds nobody up, and is told what matters once it does") {
  const Manager manager;
  const auto begun = std::chrono::steady_clock::now();
  constexpr int kMany = 2000;  // more than any queue holds
  for (int i = 0; i < kMany; ++i) notify_alive();
  std::thread reader;
  const auto full = std::chrono::steady_clock::now();
  std::atomic<int> told = 0;
  reader = std::thread([&] {
    while (told < 1) {
      if (manager.next().starts_with("STOPPING=1")) ++told;
      if (std::chrono::steady_clock::now() > full + std::chrono::seconds(20)) break;
    }
  });
  notify_stopping("");
  reader.join();
  CHECK(told == 1);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(10));
}

TEST_CASE("a manager with an abstract name is told") {
  const Manager manager("@koegura-notify-" + std::to_string(getpid()));
  notify_alive();
  CHECK(manager.next() == "WATCHDOG=1");
}

TEST_CASE("without a service manager nothing happens") {
  unsetenv("NOTIFY_SOCKET");
  notify_ready("");
  notify_alive();
}

TEST_CASE("in the sandbox, with a capture open, the service manager is still told") {
  if (!enter_own_network()) return;
  const Veth wire("k0");
  const Manager manager;
  auto source = capture::open_interface(wire.near(), "", {});
  REQUIRE(source);
  const std::string complaint = in_child([&] {
    auto entered = enter_sandbox({});
    if (!entered) return entered.error().message;
    source->reset();  // its number does not come again
    for (int i = 0; i < 3; ++i) notify_alive();
    return std::string();
  });
  CHECK(complaint == "");
  for (int i = 0; i < 3; ++i) CHECK(manager.next() == "WATCHDOG=1");
  CHECK(manager.next() == "");
}

}  // namespace
}  // namespace koegura::tools
