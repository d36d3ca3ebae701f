#include "retention_keeper.h"

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "erase_due.h"
#include "event_log.h"
#include "json.h"
#include "low_priority.h"

namespace koegura::tools {

namespace {

using Clock = std::chrono::steady_clock;

class ThreadedKeeper : public RetentionKeeper {
 public:
  ThreadedKeeper(store::Archive& archive, const RetentionKeeperOptions& options)
      : archive_(archive), options_(options) {
    status_.set_automatic(options.automatic);
    thread_ = std::jthread([this](const std::stop_token& token) { run(token); });
  }
  ThreadedKeeper(const ThreadedKeeper&) = delete;
  ThreadedKeeper& operator=(const ThreadedKeeper&) = delete;
  ~ThreadedKeeper() override { thread_.request_stop(); }

  [[nodiscard]] RetentionStatus figures() const override {
    const std::lock_guard lock(mutex_);
    return status_;
  }
  void set_automatic(bool automatic) override {
    {
      const std::lock_guard lock(mutex_);
      if (status_.automatic() == automatic) return;
      status_.set_automatic(automatic);
      is_asked_ = true;
    }
    wake_.notify_all();
  }

 private:
  void run(const std::stop_token& token);
  void wait(Clock::time_point until, const std::stop_token& token);
  void look(const std::stop_token& token);
  [[nodiscard]] Result<void> erase(RetentionStatus& status, const std::stop_token& token);

  store::Archive& archive_;
  const RetentionKeeperOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  RetentionStatus status_;  // guarded by mutex_
  bool is_asked_ = false;   // guarded by mutex_
  std::jthread thread_;
};

void ThreadedKeeper::wait(Clock::time_point until, const std::stop_token& token) {
  std::unique_lock lock(mutex_);
  wake_.wait_until(lock, token, until, [&] { return is_asked_; });
  is_asked_ = false;
}

void ThreadedKeeper::run(const std::stop_token& token) {
  lower_own_priority();
  auto next = Clock::now() + options_.first;
  while (true) {
    wait(next, token);
    if (token.stop_requested()) return;
    const bool is_early = archive_.is_rebuilding();  // nothing can be told, nor erased
    next = Clock::now() + (is_early ? options_.first : options_.every);
    if (!is_early) look(token);
  }
}

Result<void> ThreadedKeeper::erase(RetentionStatus& status, const std::stop_token& token) {
  const auto erased = erase_due(archive_, [&](std::uint64_t) { return !token.stop_requested(); });
  if (!erased) return tl::make_unexpected(erased.error());
  set_time(*status.mutable_erased_at(), std::chrono::system_clock::now());
  status.set_erased(erased->calls());
  if (erased->calls() > 0) {
    log_event(Level::kInfo, "erased",
              {{"calls", std::to_string(static_cast<std::uint64_t>(erased->calls()))}});
  }
  if (erased->problems_size() > 0) return failure(erased->problems(0));
  return {};
}

void ThreadedKeeper::look(const std::stop_token& token) {
  RetentionStatus status = figures();
  status.clear_problem();
  const auto before = archive_.retention(store::Outlook::kDue);
  Result<void> done = before.map([](const auto&) {});
  bool has_erased = false;
  if (before && status.automatic() && before->due() > 0) {
    done = erase(status, token);
    has_erased = true;
  }
  const auto now = has_erased ? archive_.retention(store::Outlook::kDue) : before;
  if (now) {
    status.set_due(now->due());
    status.set_refusal(now->refusal());
    status.set_delay(now->delay());
  }
  if (!done) status.set_problem(done.error().message);
  set_time(*status.mutable_looked(), std::chrono::system_clock::now());
  const std::lock_guard lock(mutex_);
  status.set_automatic(status_.automatic());
  status_ = std::move(status);
}

}  // namespace

std::unique_ptr<RetentionKeeper> RetentionKeeper::start(store::Archive& archive,
                                                        const RetentionKeeperOptions& options) {
  return std::make_unique<ThreadedKeeper>(archive, options);
}

}  // namespace koegura::tools
