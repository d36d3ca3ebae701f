#include "archive_gauge.h"

#include <pthread.h>

#include <chrono>

namespace koegura::tools {

namespace {

constexpr auto kEvery = std::chrono::minutes(1);

}  // namespace

ArchiveGauge::ArchiveGauge(const store::Archive& archive)
    : archive_(archive), thread_([this](const std::stop_token& stop) {
        static_cast<void>(::pthread_setname_np(::pthread_self(), "koegura-gauge"));
        look(stop);
      }) {}

void ArchiveGauge::look(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    lock.unlock();
    auto summary = archive_.summary();
    lock.lock();
    latest_.reset();
    if (summary) latest_ = *summary;
    stopped_.wait_for(lock, stop, kEvery, [] { return false; });
  }
}

std::optional<store::ArchiveSummary> ArchiveGauge::latest() const {
  const std::lock_guard lock(mutex_);
  return latest_;
}

}  // namespace koegura::tools
