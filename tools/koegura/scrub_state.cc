#include "scrub_state.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "file_output.h"
#include "json.h"
#include "scrub_report.h"

namespace koegura::tools {

namespace {

constexpr int kMostListed = 1000;

std::string scrub_path(const std::string& directory) {
  return directory + "/scrub.json";
}

// Those that fit into no list are counted on top of it.
void add_damaged(ScrubState& state, int calls) {
  state.set_damaged(std::max(0.0, state.damaged() + calls));
}

template <typename Condition>
void forget_if(ScrubState& state, Condition condition) {
  auto& calls = *state.mutable_damaged_calls();
  const auto kept = std::remove_if(calls.begin(), calls.end(), condition);
  add_damaged(state, -static_cast<int>(calls.end() - kept));
  calls.erase(kept, calls.end());
}

}  // namespace

Result<ScrubLock> ScrubLock::take(const std::string& directory) {
  const std::string path = directory + "/scrub.lock";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (file < 0) {
    const auto kind = errno == EACCES ? ErrorKind::kNotPermitted : ErrorKind::kFailed;
    return failure(path + ": " + std::strerror(errno), kind);
  }
  ScrubLock lock(file);
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    return failure(path + ": locked: the archive is being scrubbed already");
  }
  return lock;
}

ScrubLock::ScrubLock(ScrubLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

ScrubLock::~ScrubLock() {
  if (file_ >= 0) ::close(file_);  // and so unlocks
}

ScrubState load_scrub_state(const std::string& directory) {
  ScrubState state;
  const auto json = read_file(scrub_path(directory));
  if (!json || !parse_json(*json, state)) return {};
  return state;
}

Result<void> save_scrub_state(const std::string& directory, const ScrubState& state) {
  return write_file(scrub_path(directory), json_of(state) + '\n');
}

bool is_complete(const ScrubState& state) {
  return state.has_last_pass_began() && time_of(state.last_pass_began()) == time_of(state.began());
}

void begin_pass(ScrubState& state, Timestamp now) {
  state.clear_position();
  state.clear_calls();
  state.clear_bytes();
  set_time(*state.mutable_began(), now);
}

void note_damage(ScrubState& state, const store::Damage& damage, Timestamp now) {
  DamagedCall found = damaged_call(damage, now);
  for (DamagedCall& known : *state.mutable_damaged_calls()) {
    if (known.id() != damage.id) continue;
    *found.mutable_found() = known.found();
    known = std::move(found);
    return;
  }
  add_damaged(state, 1);
  if (state.damaged_calls_size() < kMostListed) *state.add_damaged_calls() = std::move(found);
}

void note_progress(ScrubState& state, const store::ScrubReport& before,
                   const store::ScrubReport& report) {
  if (report.calls != before.calls && report.damaged == before.damaged) {
    forget_if(state, [&](const DamagedCall& known) { return known.id() == report.last; });
  }
  state.set_position(report.last);
  state.set_calls(state.calls() + static_cast<double>(report.calls - before.calls));
  state.set_bytes(state.bytes() + static_cast<double>(report.bytes - before.bytes));
}

void complete_pass(ScrubState& state, Timestamp now) {
  const Timestamp began = time_of(state.began());
  forget_if(state, [&](const DamagedCall& known) { return time_of(known.seen()) < began; });
  *state.mutable_last_pass_began() = state.began();
  set_time(*state.mutable_last_pass_ended(), now);
}

}  // namespace koegura::tools
