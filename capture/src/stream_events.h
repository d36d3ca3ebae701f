// What passes between a receive path, which owns the streams it hears, and the call path, which
// knows whose they are. In a replay these are plain calls; in a tap they cross a ring (hand_off.h),
// so nothing here waits for an answer.
#pragma once

#include <cstdint>
#include <memory>

#include "capture/finished_call.h"

namespace koegura::capture {

struct StreamKey {
  Endpoint source;
  Endpoint destination;
  std::uint32_t ssrc = 0;  // 0 for T.38, which has none

  [[nodiscard]] std::uint64_t hash() const {
    return mix(mix(hash_of(source), hash_of(destination)), ssrc);
  }
  friend bool operator==(const StreamKey&, const StreamKey&) = default;
};

// A stream of a receive path; never reused.
struct StreamRef {
  std::uint64_t number = 0;
  std::uint32_t lane = 0;

  friend bool operator==(const StreamRef&, const StreamRef&) = default;
};

struct StreamNews {
  StreamRef stream;
  Timestamp last;             // its latest packet
  std::uint64_t packets = 0;  // so far
  bool active = false;        // behaves like RTP, or was adopted
};

// What a receive path tells.
class StreamListener {
 public:
  virtual ~StreamListener() = default;
  virtual void on_stream_began(StreamRef stream, const StreamKey& key, MediaKind kind,
                               Timestamp at) = 0;
  // Once a second, of each stream that had packets since.
  virtual void on_stream_heard(const StreamNews& news) = 0;
  // Its receive path has forgotten it: nothing more will be told of it.
  virtual void on_stream_gone(StreamRef stream) = 0;
  // The answer to give: side is not known there.
  virtual void on_stream_given(StreamRef stream, std::unique_ptr<FinishedStream> given) = 0;
  // Much of what was told is not taken up yet: no more streams may begin.
  [[nodiscard]] virtual bool is_busy() const { return false; }
};

enum class Give : std::uint8_t {
  kCopy,    // and go on: other calls have it, too
  kEnd,     // its calls have it all: what still comes belongs to none
  kDetach,  // the next call took over its endpoint: its next packet starts another stream
};

// What a receive path is told. A stream it no longer has is not answered: on_stream_gone was.
class StreamKeeper {
 public:
  virtual ~StreamKeeper() = default;
  // SDP claimed it: it is RTP, however few packets it had; or, where it says anything of keys,
  // perhaps SRTP. Told again where a later description is the first to say so.
  virtual void adopt(std::uint64_t stream, bool may_be_sealed) = 0;
  virtual void give(std::uint64_t stream, Give how) = 0;  // answered by on_stream_given
  // An ended one, whose endpoint was claimed again: its next packet starts another.
  virtual void forget(std::uint64_t stream) = 0;
  // T.38 arrives at the endpoint from now on, or no longer.
  virtual void expect_t38(const Endpoint& endpoint, bool expected) = 0;
};

}  // namespace koegura::capture
