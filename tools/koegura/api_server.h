// ApiServer: the running recorder's Unix socket, HTTP/1.1. What it answers is api_answer's.
//
// Threads: one does all input and output and never waits for anything else; one answers what looks
// at the recorder, two walk through calls. A client that says nothing, takes nothing or breaks off
// costs its connection and nobody else's time. By Boost.Beast, which api_*.cc alone include.
//
// For now whoever may open the socket (0660) may ask everything.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "capture/error.h"
#include "recorder.h"

namespace koegura::tools {

struct ApiOptions {
  std::string region = "JP";  // of numbers without a country code
  bool needs_reason = false;  // access.reason
  std::size_t max_connections = 256;
  // A client says its whole request, and takes each 256 KiB of its answer, within this time.
  std::chrono::milliseconds timeout = std::chrono::seconds(10);
};

class ApiServer {
 public:
  // Listens when it returns. Makes the socket's folder (0750) if it is missing, and takes the place
  // of a socket that nobody listens on any more. Refused with what to do: another recorder
  // answers there, the path is no socket, too long, or not writable. REQUIRES: state outlives this.
  [[nodiscard]] static Result<std::unique_ptr<ApiServer>> start(const std::string& socket_path,
                                                                RecorderState& state,
                                                                const ApiOptions& options);
  // Removes the socket, drops every client. Waits for a walk through the index that goes on.
  virtual ~ApiServer() = default;
  // How long ago the threads that must not wait last had their turn. Any thread.
  [[nodiscard]] virtual std::chrono::nanoseconds silence() const = 0;
};

}  // namespace koegura::tools
