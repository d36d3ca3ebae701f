#include "hand_over.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace koegura::capture {
namespace {

constexpr std::size_t kMostTaken = 64;
constexpr std::uint32_t kRecordBytes = sizeof(QueuedRun) + 8;

// Even if every run is a small one.
std::uint32_t ring_bytes(const SpoolOptions& options) {
  return std::max(options.buffer_bytes / kSmallRun * kRecordBytes, 64U << 10U);
}

bool push(ByteRing& ring, const QueuedRun& queued) {
  const auto place = ring.reserve(sizeof queued);
  if (place.empty()) return false;
  std::memcpy(place.data(), &queued, sizeof queued);
  ring.commit();
  return true;
}

bool pop(ByteRing& ring, QueuedRun& queued) {
  const auto record = ring.front();
  if (record.empty()) return false;
  std::memcpy(&queued, record.data(), sizeof queued);
  ring.pop();
  return true;
}

}  // namespace

HandOver::HandOver(std::string series, const SpoolOptions& options, MakeSegment make_segment)
    : RunOutlet(options.run_bytes),
      series_(std::move(series)),
      buffer_bytes_(options.buffer_bytes),
      most_runs_(ring_bytes(options) / kRecordBytes - 1),
      make_segment_(std::move(make_segment)),
      full_(ring_bytes(options)),
      empty_(ring_bytes(options)) {}

// Both threads have ended.
HandOver::~HandOver() {
  QueuedRun queued;
  while (pop(full_, queued)) dispose(queued);
  for (const QueuedRun& taken : taken_) dispose(taken);
  for (const QueuedRun& written : written_) dispose(written);
  collect();
}

bool HandOver::has_room(std::uint32_t capacity, bool is_last) {
  collect();
  return waiting_runs_ < most_runs_ && (is_last || waiting_bytes_ + capacity <= buffer_bytes_);
}

void HandOver::put(const QueuedRun& queued) {
  static_cast<void>(push(full_, queued));
  waiting_bytes_ += queued.capacity;
  ++waiting_runs_;
}

void HandOver::collect() {
  QueuedRun queued;
  while (pop(empty_, queued)) {
    waiting_bytes_ -= queued.capacity;
    --waiting_runs_;
    dispose(queued);
  }
}

SpoolStats HandOver::stats() const {
  SpoolStats stats;
  stats.bytes_written = bytes_written_.load(std::memory_order_relaxed);
  stats.segments = segments_.load(std::memory_order_relaxed);
  stats.write_errors = errors_.load(std::memory_order_relaxed);
  stats.waiting_bytes = waiting_bytes_;
  return stats;
}

bool HandOver::write() {
  give_back();
  QueuedRun queued;
  while (taken_.size() < kMostTaken && pop(full_, queued)) taken_.push_back(queued);
  if (taken_.empty()) return false;
  const std::size_t written = writer_.write(taken_);
  for (std::size_t i = 0; i < written; ++i) {
    QueuedRun& done = taken_[i];
    if (done.run->drop()) let_go(std::span(&done.run, 1));
    done.run = nullptr;
    written_.push_back(done);
  }
  taken_.erase(taken_.begin(), taken_.begin() + static_cast<std::ptrdiff_t>(written));
  refused_ = !taken_.empty();
  bytes_written_.store(writer_.bytes_written(), std::memory_order_relaxed);
  segments_.store(writer_.segments(), std::memory_order_relaxed);
  errors_.store(writer_.errors(), std::memory_order_relaxed);
  give_back();
  return !refused_;
}

void HandOver::give_back() {
  std::size_t given = 0;
  while (given < written_.size() && push(empty_, written_[given])) ++given;
  written_.erase(written_.begin(), written_.begin() + static_cast<std::ptrdiff_t>(given));
}

bool HandOver::is_empty() {
  return taken_.empty() && full_.front().empty();
}

}  // namespace koegura::capture
