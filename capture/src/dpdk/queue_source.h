// QueueSource: one receive queue of a port as a PacketSource.
//
// Frames are views into the mbufs, which go back at the next read; one of several segments is put
// together in a buffer of the source's. The frames of a burst share one stamp, taken when the
// burst was received: a busy thread comes round every few microseconds, and a counter read for
// each frame would say no more about when it was on the wire.
//
// Threads: see PacketSource; detach on the main thread, when nobody reads.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../frame_filter.h"
#include "../tsc_clock.h"
#include "capture/packet_source.h"
#include "growing_counter.h"
#include "port.h"

struct rte_mbuf;

namespace koegura::capture {

class QueueSource;

// The sources that there are. Whoever goes first, sources or ports, tells the other.
// Threads: add and detach_all on the main thread; remove on any, as each source has its own place.
class OpenSources {
 public:
  [[nodiscard]] std::size_t add(QueueSource& source) {
    sources_.push_back(&source);
    return sources_.size() - 1;
  }
  void remove(std::size_t place) { sources_[place] = nullptr; }
  void detach_all();

 private:
  std::vector<QueueSource*> sources_;  // null: gone
};

class QueueSource final : public PacketSource {
 public:
  // REQUIRES: all outlives the source, or detaches it.
  QueueSource(const Port& port, std::uint16_t queue, FrameFilter filter, OpenSources& all);
  ~QueueSource() override;
  QueueSource(const QueueSource&) = delete;
  QueueSource& operator=(const QueueSource&) = delete;

  [[nodiscard]] Result<std::size_t> read(std::span<Frame> burst) override;
  [[nodiscard]] SourceProgress progress() const override { return {.done = received_, .total = 0}; }
  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] std::optional<Timestamp> now() const override;
  [[nodiscard]] SourceLosses losses() override;

  // The port closes: mbufs go back, reading is an error from now on.
  void detach();

 private:
  [[nodiscard]] std::size_t receive();
  [[nodiscard]] std::size_t give(std::span<Frame> burst);
  [[nodiscard]] Bytes contiguous(const rte_mbuf& first);
  void free_given();

  static constexpr std::size_t kBurst = 256;

  std::uint16_t port_;
  std::uint16_t queue_;
  std::string name_;
  FrameFilter filter_;
  OpenSources* all_;   // null: detached
  std::size_t place_;  // among them
  TscClock clock_;

  // mbufs_[0..given_) have been given as frames, or refused by the filter; the rest up to held_
  // wait for the next read. Drivers with vector instructions want to give 32 at once, whatever is
  // asked of us.
  std::array<rte_mbuf*, kBurst> mbufs_{};
  std::size_t given_ = 0;
  std::size_t held_ = 0;
  Timestamp time_;                // of the burst in mbufs_
  std::vector<std::byte> whole_;  // frames of several segments, one after the other
  std::size_t whole_used_ = 0;

  std::uint64_t received_ = 0;  // bytes
  GrowingCounter missed_;
  GrowingCounter unbuffered_;
  GrowingCounter errors_;
  SourceLosses losses_;
};

}  // namespace koegura::capture
