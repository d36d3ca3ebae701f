#include "service_notice.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <ctime>
#include <string_view>

#include "text_width.h"

namespace koegura::tools {

namespace {

constexpr int kNoticePatience = 1000;  // ms

enum class Weight : unsigned char {
  kRepeated,  // comes again soon
  kOnce,
};

struct Address {
  sockaddr_un name{};
  socklen_t size = 0;  // 0: there is no manager
};

// '@' stands for the zero byte that an abstract name begins with.
Address address_of_manager() {
  Address address;
  const char* variable = std::getenv("NOTIFY_SOCKET");
  const std::string_view path = variable == nullptr ? "" : variable;
  if (path.size() < 2 || path.size() >= sizeof address.name.sun_path) return address;
  if (path.front() != '/' && path.front() != '@') return address;
  address.name.sun_family = AF_UNIX;
  path.copy(address.name.sun_path, path.size());
  if (path.front() == '@') address.name.sun_path[0] = '\0';
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  return address;
}

// A message is lines of KEY=VALUE.
void notify(const std::string& message, Weight weight) {
  const Address address = address_of_manager();
  if (address.size == 0) return;
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return;
  const auto send = [&] {
    return ::sendto(socket, message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                    reinterpret_cast<const sockaddr*>(&address.name), address.size) >= 0;
  };
  if (!send() && errno == EAGAIN && weight == Weight::kOnce) {
    // poll knows whose queue it is to look at only of a connected socket.
    pollfd room = {.fd = socket, .events = POLLOUT, .revents = 0};
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&address.name), address.size) == 0 &&
        ::poll(&room, 1, kNoticePatience) == 1) {
      static_cast<void>(send());
    }
  }
  ::close(socket);
}

std::string line_of(const std::string& status) {
  return "STATUS=" + printable(status);
}

}  // namespace

void notify_ready(const std::string& status) {
  notify("READY=1\n" + line_of(status), Weight::kOnce);
}

void notify_status(const std::string& status) {
  notify(line_of(status), Weight::kRepeated);
}

void notify_alive() {
  notify("WATCHDOG=1", Weight::kRepeated);
}

void notify_reloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  constexpr long long kMicroseconds = 1'000'000;
  constexpr long long kNanoseconds = 1000;
  const long long us = now.tv_sec * kMicroseconds + now.tv_nsec / kNanoseconds;
  notify("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(us), Weight::kOnce);
}

void notify_stopping(const std::string& status) {
  notify("STOPPING=1\n" + line_of(status), Weight::kOnce);
}

}  // namespace koegura::tools
