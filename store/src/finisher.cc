#include "store/finisher.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "mutex.h"

namespace koegura::store {

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kAskTheDisk = std::chrono::seconds(1);  // how often, while it refuses
constexpr unsigned kMostDoublings = 10;

// Where a call stands among those that wait: what may be tried now first, the oldest of it first.
struct QueuePlace {
  Clock::time_point not_before{};  // long ago: at once
  std::uint64_t number = 0;        // in order of take
  auto operator<=>(const QueuePlace&) const = default;
};

struct Job {
  QueuePlace place;
  capture::FinishedCall call;
  unsigned failures = 0;
};

class ThreadedFinisher : public Finisher {
 public:
  ThreadedFinisher(const FinisherOptions& options, Archive& archive)
      : options_(options), archive_(archive) {
    if (options_.render.temporary_directory.empty()) {
      options_.render.temporary_directory = archive.temporary_directory();
    }
    const unsigned count = std::max(options_.threads, 1U);
    options_.queue_limit = std::max<std::size_t>(options_.queue_limit, 1);
    began_.resize(count);
    threads_.reserve(count);
    for (unsigned i = 0; i < count; ++i) {
      threads_.emplace_back([this, i](const std::stop_token& stop) { work(i, stop); });
    }
  }
  // What waits for nothing but a thread is still archived: a call is not lost because nobody
  // drained. A patient one has its spool, and the disk may stay full for ever.
  ~ThreadedFinisher() override {
    if (!options_.patient) drain();
    stop();
  }
  ThreadedFinisher(const ThreadedFinisher&) = delete;
  ThreadedFinisher& operator=(const ThreadedFinisher&) = delete;

  void take(capture::FinishedCall call) override;
  void drain() override;
  void stop() override;
  [[nodiscard]] FinisherStats stats() const override;

 private:
  void work(unsigned thread, const std::stop_token& stop);
  // Waits for a call that may be tried; nothing when it is time to stop.
  [[nodiscard]] std::optional<Job> next(unsigned thread, const std::stop_token& stop);
  [[nodiscard]] std::optional<Clock::time_point> next_due() const KOEGURA_REQUIRES(mutex_);
  void attempt(unsigned thread, Job job);
  [[nodiscard]] Result<Added> archive(capture::FinishedCall& call);
  // What to do with a call that was not archived.
  void retry_or_give_up(unsigned thread, Job job, const Error& error);
  void note_disk(const Result<void>& room);
  // The thread's call has come to its end; or it waits again.
  void settle(unsigned thread, std::uint64_t FinisherStats::*outcome, const std::string& error);
  void put_off(unsigned thread, Job job);

  FinisherOptions options_;
  Archive& archive_;

  mutable Mutex mutex_;
  std::condition_variable_any has_work_;
  std::condition_variable_any has_room_;
  std::condition_variable_any is_idle_;
  std::map<QueuePlace, Job> queue_ KOEGURA_GUARDED_BY(mutex_);
  std::uint64_t next_number_ KOEGURA_GUARDED_BY(mutex_) = 0;
  bool stopped_ KOEGURA_GUARDED_BY(mutex_) = false;
  Clock::time_point ask_again_ KOEGURA_GUARDED_BY(mutex_);  // not before: the disk refused
  // Since when each thread has had its call; nothing while it has none.
  std::vector<std::optional<Clock::time_point>> began_ KOEGURA_GUARDED_BY(mutex_);
  FinisherStats stats_ KOEGURA_GUARDED_BY(mutex_);  // but waiting and busiest

  std::vector<std::jthread> threads_;  // last: they stop before anything they use goes
};

void ThreadedFinisher::take(capture::FinishedCall call) {
  {
    const MutexLock lock(mutex_);
    while (!options_.patient && !stopped_ && queue_.size() >= options_.queue_limit) {
      has_room_.wait(mutex_);
    }
    ++stats_.seen;
    if (stopped_) {
      call.keep_packets();
      ++stats_.waiting;
      return;
    }
    const QueuePlace place{.not_before = {}, .number = next_number_++};
    queue_.emplace(place, Job{.place = place, .call = std::move(call), .failures = 0});
  }
  has_work_.notify_one();
}

void ThreadedFinisher::drain() {
  const MutexLock lock(mutex_);
  const auto is_busy = [](const auto& began) { return began.has_value(); };
  while (!queue_.empty() || std::any_of(began_.begin(), began_.end(), is_busy)) {
    is_idle_.wait(mutex_);
  }
}

void ThreadedFinisher::stop() {
  {
    const MutexLock lock(mutex_);
    stopped_ = true;
  }
  has_room_.notify_all();
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();  // joins
  const MutexLock lock(mutex_);
  stats_.waiting += queue_.size();
  for (auto& [place, job] : queue_) job.call.keep_packets();
  queue_.clear();
  is_idle_.notify_all();
}

FinisherStats ThreadedFinisher::stats() const {
  const MutexLock lock(mutex_);
  FinisherStats stats = stats_;
  stats.waiting += queue_.size();
  const Clock::time_point now = Clock::now();
  for (const auto& began : began_) {
    if (!began) continue;
    ++stats.waiting;
    stats.busiest = std::max<Duration>(stats.busiest, now - *began);
  }
  return stats;
}

void ThreadedFinisher::work(unsigned thread, const std::stop_token& stop) {
  while (std::optional<Job> job = next(thread, stop)) {
    has_room_.notify_one();
    attempt(thread, std::move(*job));
  }
}

std::optional<Clock::time_point> ThreadedFinisher::next_due() const {
  if (queue_.empty()) return std::nullopt;
  return std::max(queue_.begin()->first.not_before, ask_again_);
}

std::optional<Job> ThreadedFinisher::next(unsigned thread, const std::stop_token& stop) {
  const MutexLock lock(mutex_);
  while (!stop.stop_requested()) {
    const std::optional<Clock::time_point> due = next_due();
    if (due && *due <= Clock::now()) {
      std::optional<Job> job(std::move(queue_.begin()->second));
      queue_.erase(queue_.begin());
      began_[thread] = Clock::now();
      if (!queue_.empty()) has_work_.notify_one();  // another thread may have slept through it
      return job;
    }
    // Woken by a call that is due before what there is, and by the end.
    const auto has_sooner = [&]() KOEGURA_REQUIRES(mutex_) {
      const auto now_due = next_due();
      return now_due && (!due || *now_due < *due);
    };
    if (due) {
      has_work_.wait_until(mutex_, stop, *due, has_sooner);
    } else {
      has_work_.wait(mutex_, stop, has_sooner);
    }
  }
  return std::nullopt;
}

// Without the lock: a dying disk may take its time even for the question whether there is room.
void ThreadedFinisher::attempt(unsigned thread, Job job) {
  if (options_.patient) {
    const Result<void> room = archive_.check_room();
    note_disk(room);
    if (!room) return put_off(thread, std::move(job));
  }
  const Result<Added> added = archive(job.call);
  if (!added) return retry_or_give_up(thread, std::move(job), added.error());
  job.call.release_packets();
  settle(thread, added->was_there ? &FinisherStats::already_there : &FinisherStats::archived, {});
}

void ThreadedFinisher::retry_or_give_up(unsigned thread, Job job, const Error& error) {
  if (!options_.patient) {
    job.call.release_packets();
    return settle(thread, &FinisherStats::failed, error.message);
  }
  const Result<void> room = archive_.check_room();
  note_disk(room);
  if (!room) return put_off(thread, std::move(job));  // it was the disk, and not this call
  if (++job.failures >= options_.attempts) {
    job.call.keep_packets();
    return settle(thread, &FinisherStats::failed, error.message);
  }
  const std::int64_t times = std::int64_t{1} << std::min(job.failures - 1, kMostDoublings);
  job.place.not_before =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(options_.retry_after) * times;
  put_off(thread, std::move(job));
}

Result<Added> ThreadedFinisher::archive(capture::FinishedCall& call) {
  std::string id = archive_.id_of(call);
  Result<bool> there = archive_.contains(id);
  if (!there) return tl::make_unexpected(std::move(there).error());
  if (*there) return Added{std::move(id), /*was_there=*/true};
  Result<decode::RenderedCall> rendered = decode::render(std::move(call), options_.render);
  if (!rendered) return tl::make_unexpected(std::move(rendered).error().in("rendering call " + id));
  Result<Added> added = archive_.put(*rendered);
  call = std::move(rendered->call);
  return added;
}

void ThreadedFinisher::note_disk(const Result<void>& room) {
  const MutexLock lock(mutex_);
  const bool is_index = !room && room.error().kind == ErrorKind::kDamaged;
  const std::string why = room ? std::string() : room.error().message;
  stats_.disk_refusal = is_index ? std::string() : why;
  stats_.index_refusal = is_index ? why : std::string();
  if (!room) ask_again_ = Clock::now() + kAskTheDisk;
}

void ThreadedFinisher::settle(unsigned thread, std::uint64_t FinisherStats::*outcome,
                              const std::string& error) {
  const MutexLock lock(mutex_);
  ++(stats_.*outcome);
  if (stats_.first_error.empty()) stats_.first_error = error;
  began_[thread].reset();
  if (queue_.empty()) is_idle_.notify_all();
}

void ThreadedFinisher::put_off(unsigned thread, Job job) {
  const MutexLock lock(mutex_);
  const QueuePlace place = job.place;
  queue_.emplace(place, std::move(job));
  began_[thread].reset();
}

}  // namespace

std::unique_ptr<Finisher> Finisher::create(const FinisherOptions& options, Archive& archive) {
  return std::make_unique<ThreadedFinisher>(options, archive);
}

}  // namespace koegura::store
