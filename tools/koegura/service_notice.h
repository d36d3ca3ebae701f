// service_notice: what the service manager (systemd) is told of the recorder, as sd_notify(3) has
// it: a datagram to the Unix socket that $NOTIFY_SOCKET names. Without one nothing happens.
//
//   ready (reloading ready | status | alive)* stopping
//
// It works inside the sandbox. None of these waits for a manager that does not read: what it is
// told again a moment later is dropped then, the rest is given a second. Rejected: libsystemd,
// whose sd_notify waits for as long as the manager's queue is full, and with it who must see
// signals.
//
// Threads: any.
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
