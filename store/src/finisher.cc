#include "store/finisher.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "mutex.h"

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
  // Waits for a call; nothing when it is time to stop.
  [[nodiscard]] std::optional<capture::FinishedCall> next(const std::stop_token& stop);
  void count(const Result<Added>& added);
  [[nodiscard]] Result<Added> archive(capture::FinishedCall call);

  FinisherOptions options_;
  Archive& archive_;

  mutable Mutex mutex_;
  std::condition_variable_any has_work_;
  std::condition_variable_any has_room_;
  std::condition_variable_any is_idle_;
  std::deque<capture::FinishedCall> queue_ KOEGURA_GUARDED_BY(mutex_);
  std::size_t working_ KOEGURA_GUARDED_BY(mutex_) = 0;  // threads with a call in hand
  FinisherStats stats_ KOEGURA_GUARDED_BY(mutex_);

  std::vector<std::jthread> threads_;  // last: they stop before anything they use goes
};

void ThreadedFinisher::take(capture::FinishedCall call) {
  {
    const MutexLock lock(mutex_);
    while (queue_.size() >= options_.queue_limit) has_room_.wait(mutex_);
    queue_.push_back(std::move(call));
    ++stats_.seen;
  }
  has_work_.notify_one();
}

void ThreadedFinisher::drain() {
  const MutexLock lock(mutex_);
  while (!queue_.empty() || working_ != 0) is_idle_.wait(mutex_);
}

FinisherStats ThreadedFinisher::stats() const {
  const MutexLock lock(mutex_);
  return stats_;
}

void ThreadedFinisher::work(const std::stop_token& stop) {
  while (std::optional<capture::FinishedCall> call = next(stop)) {
    has_room_.notify_one();
    count(archive(std::move(*call)));
  }
}

std::optional<capture::FinishedCall> ThreadedFinisher::next(const std::stop_token& stop) {
  const MutexLock lock(mutex_);
  const auto has_call = [&]() KOEGURA_REQUIRES(mutex_) { return !queue_.empty(); };
  if (!has_work_.wait(mutex_, stop, has_call)) return std::nullopt;
  std::optional<capture::FinishedCall> call(std::move(queue_.front()));
  queue_.pop_front();
  ++working_;
  return call;
}

void ThreadedFinisher::count(const Result<Added>& added) {
  const MutexLock lock(mutex_);
  if (!added) {
    ++stats_.failed;
    if (stats_.first_error.empty()) stats_.first_error = added.error().message;
  } else if (added->was_there) {
    ++stats_.already_there;
  } else {
    ++stats_.archived;
  }
  --working_;
  if (queue_.empty() && working_ == 0) is_idle_.notify_all();
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
