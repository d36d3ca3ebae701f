#include "service_notice.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "../capture/veth.h"
#include "capture/live.h"
#include "sandbox.h"

namespace koegura::tools {
namespace {

using namespace capture::test;

// systemd's end: a datagram socket that NOTIFY_SOCKET names.
class Manager {
 public:
  Manager() {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    const auto* name = reinterpret_cast<const sockaddr*>(&address);
    REQUIRE(bind(socket_, name, sizeof address) == 0);
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
  std::string path_ = "/tmp/koegura-notify-" + std::to_string(getpid());
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
