// api_socket: the Unix socket that the recorder listens on, and that commands connect to.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <utility>

#include "capture/error.h"

namespace koegura::tools {

// A file descriptor that is closed with it.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// A socket that listens, and its file, which is removed with it unless another has taken its place.
class ListeningSocket {
 public:
  // See ApiServer::start.
  [[nodiscard]] static Result<ListeningSocket> open(const std::string& path);
  ListeningSocket(ListeningSocket&& other) noexcept
      : path_(std::exchange(other.path_, {})),
        device_(other.device_),
        inode_(other.inode_),
        socket_(std::move(other.socket_)) {}
  ListeningSocket& operator=(ListeningSocket&&) = delete;
  ~ListeningSocket();

  // The descriptor, for whom accepts on it.
  [[nodiscard]] int release() { return socket_.release(); }

 private:
  ListeningSocket(std::string path, Descriptor socket);

  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  Descriptor socket_;
};

// kNotFound if nobody listens there, kNotPermitted if this user may not connect.
[[nodiscard]] Result<Descriptor> connect_to(const std::string& path);
// How long reading and writing may wait.
void set_patience(const Descriptor& socket, std::chrono::milliseconds patience);

}  // namespace koegura::tools
