// PieceQueue: one stream's part of the timeline, decoded and waiting for its block: pieces without
// a gap between them, each either samples or a reason why there are none.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>

#include "sample_buffer.h"

namespace koegura::decode {

// In samples from the start of the call, at the call's rate.
using Position = std::int64_t;

// Which stands where streams of one side overlap: see Channel.
// kNoise: silence, of which the decoder made noise.
enum class PieceKind : std::uint8_t {
  kNoMedia,
  kUndecodable,
  kDtx,
  kLoss,
  kOutage,
  kNoise,
  kAudio
};

[[nodiscard]] constexpr bool has_samples(PieceKind kind) {
  return kind == PieceKind::kAudio || kind == PieceKind::kNoise;
}

struct Piece {
  Position from = 0;
  Position to = 0;
  PieceKind kind = PieceKind::kNoMedia;
  const std::string* note = nullptr;  // kUndecodable: why; lives as long as the stream
  std::uint8_t noise =
      0;  // kDtx: level of the comfort noise that stands in, in -dBov; 0: none does

  [[nodiscard]] Position length() const { return to - from; }
};

class PieceQueue {
 public:
  // Up to where the timeline is known.
  [[nodiscard]] Position end() const { return end_; }
  [[nodiscard]] bool empty() const { return pieces_.empty(); }

  // Where audio is decoded to: what was appended since the last commit becomes a piece.
  [[nodiscard]] SampleBuffer& samples() { return samples_; }
  void commit(PieceKind kind) {
    const auto count = static_cast<Position>(samples_.size()) - committed_;
    if (count == 0) return;
    committed_ += count;
    add({.from = end_, .to = end_ + count, .kind = kind});
  }
  // Nothing to hear from end() to here. Does nothing if here is not beyond it.
  void fill(Position to, PieceKind kind, const std::string* note = nullptr,
            std::uint8_t noise = 0) {
    if (to > end_) add({.from = end_, .to = to, .kind = kind, .note = note, .noise = noise});
  }

  // Gives the pieces before `until` in order, cut there, with their samples, and forgets them.
  template <typename Visit>  // void(const Piece&, std::span<const Sample>)
  void take(Position until, Visit visit) {
    while (!pieces_.empty() && pieces_.front().from < until) {
      Piece piece = pieces_.front();
      piece.to = std::min(piece.to, until);
      const auto count = static_cast<std::size_t>(has_samples(piece.kind) ? piece.length() : 0);
      visit(piece, samples_.samples().first(count));
      samples_.drop_front(count);
      committed_ -= static_cast<Position>(count);
      pieces_.front().from = piece.to;
      if (pieces_.front().from == pieces_.front().to) pieces_.pop_front();
    }
  }

 private:
  void add(const Piece& piece) {
    end_ = piece.to;
    if (!pieces_.empty() && pieces_.back().kind == piece.kind &&
        pieces_.back().note == piece.note && pieces_.back().noise == piece.noise) {
      pieces_.back().to = piece.to;
    } else {
      pieces_.push_back(piece);
    }
  }

  std::deque<Piece> pieces_;
  SampleBuffer samples_;  // of the pieces that have some, in order
  Position committed_ = 0;
  Position end_ = 0;
};

}  // namespace koegura::decode
