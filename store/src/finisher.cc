#include "store/finisher.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace koegura::store {

namespace {

class ThreadedFinisher : public Finisher {
 public:
  ThreadedFinisher(const FinisherOptions& options, Archive& archive)
      : options_(options), archive_(archive) {
    if (options_.render.temporary_directory.empty()) {
      options_.render.temporary_directory = archive.temporary_directory();
    }
    const unsigned count = std::max(options_.threads, 1U);
    options_.queue_limit = std::max<std::size_t>(options_.queue_limit, 1);
    threads_.reserve(count);
    for (unsigned i = 0; i < count; ++i) {
      threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
    }
  }
  // What waits is still archived: a call is not lost because nobody drained.
  ~ThreadedFinisher() override { drain(); }
  ThreadedFinisher(const ThreadedFinisher&) = delete;
  ThreadedFinisher& operator=(const ThreadedFinisher&) = delete;

  void take(capture::FinishedCall call) override;
  void drain() override;
  [[nodiscard]] FinisherStats stats() const override;

 private:
  void work(const std::stop_token& stop);
  void finish(capture::FinishedCall call);
  [[nodiscard]] Result<Added> archive(capture::FinishedCall call);

  FinisherOptions options_;
  Archive& archive_;

  mutable std::mutex mutex_;
  std::condition_variable_any has_work_;
  std::condition_variable has_room_;
  std::condition_variable is_idle_;
  std::deque<capture::FinishedCall> queue_;  // guarded by mutex_, as all below
  std::size_t working_ = 0;
  FinisherStats stats_;

  std::vector<std::jthread> threads_;  // last: they stop before anything they use goes
};

void ThreadedFinisher::take(capture::FinishedCall call) {
  std::unique_lock lock(mutex_);
  has_room_.wait(lock, [&] { return queue_.size() < options_.queue_limit; });
  queue_.push_back(std::move(call));
  ++stats_.seen;
  lock.unlock();
  has_work_.notify_one();
}

void ThreadedFinisher::drain() {
  std::unique_lock lock(mutex_);
  is_idle_.wait(lock, [&] { return queue_.empty() && working_ == 0; });
}

FinisherStats ThreadedFinisher::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

void ThreadedFinisher::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (has_work_.wait(lock, stop, [&] { return !queue_.empty(); })) {
    capture::FinishedCall call = std::move(queue_.front());
    queue_.pop_front();
    ++working_;
    lock.unlock();
    has_room_.notify_one();
    finish(std::move(call));
    lock.lock();
    --working_;
    if (queue_.empty() && working_ == 0) is_idle_.notify_all();
  }
}

void ThreadedFinisher::finish(capture::FinishedCall call) {
  const Result<Added> added = archive(std::move(call));
  const std::lock_guard lock(mutex_);
  if (!added) {
    ++stats_.failed;
    if (stats_.first_error.empty()) stats_.first_error = added.error().message;
  } else if (added->was_there) {
    ++stats_.already_there;
  } else {
    ++stats_.archived;
  }
}

Result<Added> ThreadedFinisher::archive(capture::FinishedCall call) {
  std::string id = archive_.id_of(call);
  Result<bool> there = archive_.contains(id);
  if (!there) return tl::make_unexpected(std::move(there).error());
  if (*there) return Added{std::move(id), /*was_there=*/true};
  Result<decode::RenderedCall> rendered = decode::render(std::move(call), options_.render);
  if (!rendered) return tl::make_unexpected(std::move(rendered).error().in("rendering call " + id));
  return archive_.put(*rendered);
}

}  // namespace

std::unique_ptr<Finisher> Finisher::create(const FinisherOptions& options, Archive& archive) {
  return std::make_unique<ThreadedFinisher>(options, archive);
}

}  // namespace koegura::store
