// Asked: what signals have asked of a recording.
//
//   SIGTERM   end within seconds: calls in progress stay in the spool for the next start
//   SIGINT    a person's Ctrl-C: archive first what has begun. Again: leave the rest to the next
//   start SIGHUP    read the settings again
//
// Once more, after the second of SIGINT or SIGTERM, ends the program at once, as a kill would.
//
// Threads: written by signal handlers, read by any.
#pragma once

#include <atomic>

namespace koegura::tools {

struct Asked {
  std::atomic<bool> stop = false;
  std::atomic<bool> archive = false;  // with stop: by SIGINT
  std::atomic<bool> hurry = false;    // with stop: asked again
  std::atomic<bool> reload = false;   // whoever does it sets it back
};

// What has been asked of this process.
[[nodiscard]] Asked& asked();

enum class SignalsOf : unsigned char {
  kReplay,    // no SIGHUP; the second signal ends the program at once; reading standard input ends
  kRecorder,  // blocked from here on, as signals are to come in Asked's thread alone
};
// REQUIRES: no thread but this one runs, so that those to come inherit what is blocked.
void catch_signals(SignalsOf whom);
void let_signals_through();

}  // namespace koegura::tools
