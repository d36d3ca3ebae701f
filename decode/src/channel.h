// Channel: one side of the call, block by block, put together from its streams.
//
// Where streams overlap, the one with more packets is heard, and the others only where it has
// nothing: a proxy's second hop fills what the first one lost, an early dialog's ringing tone
// ends where the answer's audio begins. Streams of one SSRC are hops of one voice and share a
// clock.
#pragma once

#include <optional>
#include <vector>

#include "mute_watch.h"
#include "stream_renderer.h"

namespace koegura::decode {

class Channel {
 public:
  // REQUIRES: the streams and outages outlive this; all streams are of this side.
  Channel(Side side, std::uint32_t call_rate, const OutageMap& outages,
          std::vector<StreamRenderer*> streams);

  // Reads every stream to here.
  [[nodiscard]] Result<void> advance(Position until);
  [[nodiscard]] bool is_over() const;
  // After the last block: what was still open.
  void finish(SpanList& spans) { note_mute(spans, true); }
  // Up to where its streams have something. Final once it is over.
  [[nodiscard]] Position end() const;

  // The next block. Notes what was not on the wire. REQUIRES: blocks follow each other, and
  // advance has come to `to` or the channel is over.
  [[nodiscard]] std::span<const Sample> render(Position from, Position to, SpanList& spans);

  // Where audio was first and last heard before this moment of the call; nothing if it was not.
  void watch_before(Position moment) { watch_until_ = moment; }
  struct Heard {
    Position from = 0;
    Position to = 0;
  };
  [[nodiscard]] const std::optional<Heard>& heard_before() const { return heard_before_; }
  // What is missing because of outages, so far, in order: it stands in no span yet, as both
  // channels together have spans of it.
  [[nodiscard]] std::span<const OutageMap::Stretch> missed() const { return missed_; }

 private:
  void cover_block(Position to);
  void lay(const Piece& piece, std::span<const Sample> samples, StreamRenderer& stream);
  void note(SpanList& spans);
  void note_mute(SpanList& spans, bool at_end);
  [[nodiscard]] std::span<Sample> samples_at(Position from, Position to) {
    return std::span(block_).subspan(static_cast<std::size_t>(from - block_from_),
                                     static_cast<std::size_t>(to - from));
  }
  [[nodiscard]] double seconds(Position position) const {
    return static_cast<double>(position) / call_rate_;
  }

  Side side_;
  std::uint32_t call_rate_;
  const OutageMap& outages_;
  std::vector<StreamRenderer*> streams_;  // the most packets first
  Position block_from_ = 0;
  std::vector<Sample> block_;
  std::vector<Piece> cover_;  // what each part of the block is, in order, without a gap
  std::vector<Piece> new_cover_;
  MuteWatch mute_;
  Position watch_until_ = 0;
  std::optional<Heard> heard_before_;
  std::vector<OutageMap::Stretch> missed_;
};

}  // namespace koegura::decode
