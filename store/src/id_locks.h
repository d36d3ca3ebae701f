// IdLocks: one thread a call: the second one to take the same call waits for the first.
#pragma once

#include <condition_variable>
#include <set>
#include <string>
#include <utility>

#include "mutex.h"

namespace koegura::store {

class IdLocks {
 public:
  class Hold {
   public:
    Hold(IdLocks& locks, std::string id) : locks_(locks), id_(std::move(id)) { locks_.take(id_); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold() { locks_.release(id_); }

   private:
    IdLocks& locks_;
    std::string id_;
  };

 private:
  void take(const std::string& id) {
    const MutexLock lock(mutex_);
    while (!held_.insert(id).second) released_.wait(mutex_);
  }
  void release(const std::string& id) {
    {
      const MutexLock lock(mutex_);
      held_.erase(id);
    }
    released_.notify_all();
  }

  Mutex mutex_;
  std::condition_variable_any released_;
  std::set<std::string> held_ KOEGURA_GUARDED_BY(mutex_);
};

}  // namespace koegura::store
