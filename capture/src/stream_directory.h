// StreamDirectory: every stream that some receive path hears, whose it is, and the finished calls
// that wait for their streams' packets.
//
// Threads: one, the call path's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "capture/capture.h"
#include "capture/signalling.h"
#include "capture/tap.h"
#include "heard_stream.h"
#include "media_join.h"
#include "recording_history.h"

namespace koegura::capture {

class StreamDirectory final : public StreamListener {
 public:
  // keepers[n] is told of lane n's streams. REQUIRES: all of them outlive this.
  struct Surroundings {
    std::vector<StreamKeeper*> keepers;
    Signalling& signalling;
    const RecordingHistory& history;
    CallSink& sink;
  };
  StreamDirectory(const CaptureOptions& options, Surroundings surroundings);
  ~StreamDirectory() override;

  void on_stream_began(StreamRef stream, const StreamKey& key, MediaKind kind,
                       Timestamp at) override;
  void on_stream_heard(const StreamNews& news) override;
  void on_stream_gone(StreamRef stream) override;
  void on_stream_given(StreamRef stream, std::unique_ptr<FinishedStream> given) override;

  void claim(LegId leg, const NegotiatedMedia& media, Timestamp now);
  void release(LegId leg, Timestamp at);
  // The leg's call: its streams are asked for; it goes to the sink once they are here.
  void finish(LegId leg, FinishedCall call);
  // Gives media-only calls whose every stream has been silent since then.
  void finish_silent(Timestamp since, const char* reason);

  [[nodiscard]] LegId rtcp_leg(const Endpoint& source, const Endpoint& destination) const {
    return join_.rtcp_leg(source, destination);
  }
  // Packets that this still holds stay on disk: the process ends.
  void keep_packets();
  // Calls whose streams' packets have not all come.
  [[nodiscard]] std::size_t waiting_calls() const { return calls_.size(); }
  [[nodiscard]] std::uint64_t media_only_calls() const { return media_only_calls_; }
  // What found no room: a leg, an endpoint and T.38 have their shares.
  [[nodiscard]] std::uint64_t refused_entries() const {
    return refused_entries_ + join_.refused_entries();
  }
  // What is heard at this time, of the streams alone.
  [[nodiscard]] Hearing hearing(Timestamp now) const;
  // Heard streams of a leg, and their packets.
  void describe(LegId leg, Timestamp now, LiveCall& call) const;

 private:
  struct RefHash {
    std::size_t operator()(const StreamRef& ref) const { return mix(ref.number, ref.lane); }
  };
  struct WaitingCall {
    FinishedCall call;
    std::size_t missing = 1;  // answers, and 1 while it is being put together
  };
  using Index = std::unordered_map<Endpoint, std::vector<HeardStream*>, EndpointHash>;

  [[nodiscard]] StreamKeeper& keeper_of(const HeardStream& stream) const {
    return *keepers_[stream.ref.lane];
  }
  [[nodiscard]] bool is_heard(const HeardStream& stream, Timestamp now) const;
  void assign(HeardStream& stream);
  void on_claimed(const Endpoint& endpoint, Timestamp at);
  [[nodiscard]] bool take_over(HeardStream& stream);
  void ask(HeardStream& stream, std::uint64_t call, Side side);
  void deliver(const HeardStream& stream, const Awaiting& to,
               std::unique_ptr<FinishedStream> given);
  void arrived(std::uint64_t call);
  void index(HeardStream& stream);
  void unindex(HeardStream& stream);
  void erase(HeardStream& stream);
  void erase_if_collected(HeardStream& stream);
  void tell_t38(const std::vector<Endpoint>& endpoints);
  [[nodiscard]] std::vector<HeardStream*> strangers_by_pair() const;
  void finish_media_only(std::span<HeardStream* const> group, const char* reason);

  const CaptureOptions& options_;
  const std::vector<StreamKeeper*> keepers_;
  Signalling& signalling_;
  const RecordingHistory& history_;
  CallSink& sink_;
  MediaJoin join_;
  std::unordered_map<StreamRef, std::unique_ptr<HeardStream>, RefHash> streams_;
  Index by_endpoint_;  // under source and destination both; not the detached ones
  std::unordered_map<std::uint64_t, WaitingCall> calls_;
  std::unordered_set<Endpoint, EndpointHash> t38_;  // that the keepers were told to expect
  std::size_t detached_ = 0;                        // of streams_
  std::uint64_t refused_entries_ = 0;
  std::uint64_t next_call_ = 1;
  std::uint64_t media_only_calls_ = 0;
};

}  // namespace koegura::capture
