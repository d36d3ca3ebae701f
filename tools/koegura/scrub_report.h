// scrub_report: what `verify` and `scrub` print: a line a damaged call, then what it came to.
#pragma once

#include <atomic>

#include "command.h"
#include "output.pb.h"
#include "store/scrub.h"

namespace koegura::tools {

// Found now.
[[nodiscard]] DamagedCall damaged_call(const store::Damage& damage, Timestamp now);

// On standard output; text or JSON.
void print_damaged(const DamagedCall& call, bool json);
void print_result(const ScrubResult& result, bool json);

// kVerification if anything is damaged, kFailed if it was stopped before the end. `again` is the
// command that goes on.
[[nodiscard]] Result<void> verdict_of(const ScrubResult& result, const std::string& again);

// True from the first SIGINT or SIGTERM on; a second ends the program.
[[nodiscard]] const std::atomic<bool>& stop_on_signal();

}  // namespace koegura::tools
