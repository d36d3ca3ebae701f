// Finisher: finished calls in, archived calls out. A bounded queue and m threads, each
// rendering a call and putting it into the archive.
//
//   take* drain       take is called on capture's thread
//
// The queue bounds only replay, which may wait; a live recorder's queue is the spool itself.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "capture/finished_call.h"
#include "decode/renderer.h"
#include "store/archive.h"

namespace koegura::store {

struct FinisherOptions {
  unsigned threads = 2;
  std::size_t queue_limit = 256;  // take waits beyond this
  decode::RenderOptions render;   // an empty temporary_directory means the archive's own
};

// calls seen = archived + already there + failed (+ waiting until drain).
struct FinisherStats {
  std::uint64_t seen = 0;
  std::uint64_t archived = 0;
  std::uint64_t already_there = 0;
  std::uint64_t failed = 0;
  std::string first_error;  // why the first failed one did
};

class Finisher : public capture::CallSink {
 public:
  // REQUIRES: archive outlives this.
  static std::unique_ptr<Finisher> create(const FinisherOptions& options, Archive& archive);
  // Waits until every call taken so far is archived or has failed.
  virtual void drain() = 0;
  [[nodiscard]] virtual FinisherStats stats() const = 0;  // any thread
};

}  // namespace koegura::store
