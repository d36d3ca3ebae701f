// Mutex: std::mutex that clang's -Wthread-safety can follow: which lock guards what is checked at
// compile time. Source: clang.llvm.org/docs/ThreadSafetyAnalysis.html.
#pragma once

#include <mutex>

#if defined(__clang__)
#define KOEGURA_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define KOEGURA_THREAD_ANNOTATION(x)
#endif

#define KOEGURA_GUARDED_BY(mutex) KOEGURA_THREAD_ANNOTATION(guarded_by(mutex))
#define KOEGURA_REQUIRES(mutex) KOEGURA_THREAD_ANNOTATION(requires_capability(mutex))

namespace koegura::store {

class KOEGURA_THREAD_ANNOTATION(capability("mutex")) Mutex {
 public:
  void lock() KOEGURA_THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void unlock() KOEGURA_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class KOEGURA_THREAD_ANNOTATION(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) KOEGURA_THREAD_ANNOTATION(acquire_capability(mutex))
      : mutex_(mutex) {
    mutex_.lock();
  }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;
  ~MutexLock() KOEGURA_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }

 private:
  Mutex& mutex_;
};

}  // namespace koegura::store
