#include "scrubber.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "json.h"
#include "low_priority.h"
#include "scrub_state.h"

namespace koegura::tools {

namespace {

using Clock = std::chrono::steady_clock;

// Within a stretch; slower on average.
constexpr std::uint64_t kStretchBytesPerS = 10U << 20U;

class ThreadedScrubber : public Scrubber {
 public:
  ThreadedScrubber(const store::Archive& archive, std::string directory,
                   const ScrubberOptions& options)
      : archive_(archive),
        directory_(std::move(directory)),
        options_(options),
        state_(load_scrub_state(directory_)),
        thread_([this](const std::stop_token& token) { run(token); }) {}
  ~ThreadedScrubber() override {
    stop_ = true;
    thread_.request_stop();
  }
  ThreadedScrubber(const ThreadedScrubber&) = delete;
  ThreadedScrubber& operator=(const ThreadedScrubber&) = delete;

  [[nodiscard]] ScrubState figures() const override {
    const std::lock_guard lock(mutex_);
    return state_;
  }

 private:
  void run(const std::stop_token& token);
  void read_stretch();
  [[nodiscard]] Result<void> read_on(ScrubState& state);
  void publish(const ScrubState& state) {
    const std::lock_guard lock(mutex_);
    state_ = state;
  }

  const store::Archive& archive_;
  std::string directory_;
  ScrubberOptions options_;
  std::atomic<bool> stop_ = false;
  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  ScrubState state_;  // guarded by mutex_
  std::jthread thread_;
};

void ThreadedScrubber::run(const std::stop_token& token) {
  lower_own_priority();
  while (!token.stop_requested()) {
    const auto next = Clock::now() + options_.pause;
    if (!archive_.is_rebuilding()) read_stretch();
    std::unique_lock lock(mutex_);
    wake_.wait_until(lock, token, next, [] { return false; });
  }
}

// Between two stretches `koegura scrub` may have gone on: what is on disk counts.
void ThreadedScrubber::read_stretch() {
  const auto lock = ScrubLock::take(directory_);
  ScrubState state = load_scrub_state(directory_);
  if (!lock) {
    if (lock.error().kind == ErrorKind::kNotPermitted) state.set_error(lock.error().message);
    publish(state);
    return;
  }
  const std::string before = state.SerializeAsString();
  state.clear_error();
  if (const auto read = read_on(state); !read) state.set_error(read.error().message);
  if (state.SerializeAsString() != before) {
    if (const auto saved = save_scrub_state(directory_, state); !saved) {
      state.set_error(saved.error().message);
    }
  }
  publish(state);
}

Result<void> ThreadedScrubber::read_on(ScrubState& state) {
  const Timestamp now = std::chrono::system_clock::now();
  const Timestamp began = time_of(state.began());
  const bool is_old = now < began || now - began >= options_.pass;
  if (!state.has_began() || (is_complete(state) && is_old)) begin_pass(state, now);

  const auto archive = archive_.summary();
  if (!archive) return tl::make_unexpected(archive.error());
  const auto within_pass = static_cast<std::uint64_t>(static_cast<double>(archive->file_bytes) /
                                                      to_seconds(options_.pass));
  const std::uint64_t rate = std::max(options_.least_bytes_per_s, within_pass);
  store::ScrubOptions stretch;
  stretch.after = state.position();
  stretch.bytes_per_s = std::max(kStretchBytesPerS, 2 * rate);
  stretch.most_bytes =
      static_cast<std::uint64_t>(static_cast<double>(rate) * to_seconds(options_.pause));
  store::ScrubReport last;
  const auto report = store::scrub(
      archive_, stretch, stop_,
      [&](const store::Damage& damage) {
        note_damage(state, damage, std::chrono::system_clock::now());
      },
      [&](const store::ScrubReport& progress) {
        note_progress(state, std::exchange(last, progress), progress);
        publish(state);
      });
  if (!report) return tl::make_unexpected(report.error());
  if (report->at_end && !is_complete(state)) {
    complete_pass(state, std::chrono::system_clock::now());
  }
  return {};
}

}  // namespace

std::unique_ptr<Scrubber> Scrubber::start(const store::Archive& archive,
                                          const std::string& directory,
                                          const ScrubberOptions& options) {
  return std::make_unique<ThreadedScrubber>(archive, directory, options);
}

}  // namespace koegura::tools
