// scrub_state: DIR/scrub.json, where the scrub of the archive stands, and who may write it.
//
//   ScrubLock  load_scrub_state  (begin_pass)?  (note_damage* note_progress)*  save_scrub_state
#pragma once

#include <string>

#include "capture/error.h"
#include "output.pb.h"
#include "store/scrub.h"

namespace koegura::tools {

// Of DIR/scrub.lock, as long as it lives: the recorder takes it for a stretch of reading, the
// command for its whole run.
class ScrubLock {
 public:
  // kNotPermitted if this user may not write there; kFailed with "locked" if another has it.
  [[nodiscard]] static Result<ScrubLock> take(const std::string& directory);
  ScrubLock(ScrubLock&& other) noexcept;
  ScrubLock& operator=(ScrubLock&&) = delete;
  ~ScrubLock();

 private:
  explicit ScrubLock(int file) : file_(file) {}
  int file_;
};

// What cannot be read is an empty one: the pass begins anew.
[[nodiscard]] ScrubState load_scrub_state(const std::string& directory);
// In one step, so that no reader sees half of it.
[[nodiscard]] Result<void> save_scrub_state(const std::string& directory, const ScrubState& state);

// The pass under way has come to the newest call.
[[nodiscard]] bool is_complete(const ScrubState& state);
void begin_pass(ScrubState& state, Timestamp now);
void note_damage(ScrubState& state, const store::Damage& damage, Timestamp now);
// Since `before`, of the same run: at most one call, whose damage was noted first. What is whole
// again is damaged no more.
void note_progress(ScrubState& state, const store::ScrubReport& before,
                   const store::ScrubReport& report);
// What earlier passes found and this one did not is whole again, or its time was over.
void complete_pass(ScrubState& state, Timestamp now);

}  // namespace koegura::tools
