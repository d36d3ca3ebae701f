// service_notice: what the service manager is told of the recorder, as sd_notify(3) has it. By
// libsystemd, which service_notice.cc alone includes. Where no manager listens nothing happens.
//
//   ready (reloading ready | status | alive)* stopping
//
// It works inside the sandbox: a datagram on a Unix socket. Threads: any; none of these waits.
#pragma once

#include <string>

namespace koegura::tools {

// Recording. `status`: one line, as `systemctl status` shows it. No names, no numbers of callers.
void notify_ready(const std::string& status);
void notify_status(const std::string& status);
// Nothing is stuck. Without it for WatchdogSec the manager ends the recorder and starts it again.
void notify_alive();
void notify_reloading();
void notify_stopping(const std::string& status);

}  // namespace koegura::tools
