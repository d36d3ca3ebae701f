#include "channel.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "comfort_noise.h"

namespace koegura::decode {
namespace {

// Which piece stands where several streams have one; of equals the first laid stays.
int weight(PieceKind kind) {
  switch (kind) {
    case PieceKind::kNoMedia:
      return 0;
    case PieceKind::kUndecodable:
      return 1;
    case PieceKind::kDtx:
    case PieceKind::kLoss:
    case PieceKind::kOutage:
    case PieceKind::kNoise:
      return 2;
    case PieceKind::kAudio:
      return 3;
  }
  return 0;
}

SpanKind span_kind(PieceKind kind) {
  switch (kind) {
    case PieceKind::kUndecodable:
      return SpanKind::kUndecodable;
    case PieceKind::kDtx:
    case PieceKind::kNoise:
      return SpanKind::kDtx;
    case PieceKind::kLoss:
      return SpanKind::kLoss;
    default:
      return SpanKind::kNoMedia;
  }
}

}  // namespace

Channel::Channel(Side side, std::uint32_t call_rate, const OutageMap& outages,
                 std::vector<StreamRenderer*> streams)
    : side_(side),
      call_rate_(call_rate),
      outages_(outages),
      streams_(std::move(streams)),
      mute_(call_rate) {
  std::stable_sort(streams_.begin(), streams_.end(), [](const auto* a, const auto* b) {
    return a->stream().packets > b->stream().packets;
  });
  for (auto stream = streams_.begin(); stream != streams_.end(); ++stream) {
    const auto elder = std::find_if(streams_.begin(), stream, [&](const auto* other) {
      return other->stream().ssrc == (*stream)->stream().ssrc;
    });
    if (elder != stream) (*stream)->follow(**elder);
  }
}

Result<void> Channel::advance(Position until) {
  for (StreamRenderer* stream : streams_) {
    if (Result<void> done = stream->advance(until); !done) return done;
  }
  return {};
}

bool Channel::is_over() const {
  return std::all_of(streams_.begin(), streams_.end(),
                     [](const StreamRenderer* stream) { return stream->is_over(); });
}

Position Channel::end() const {
  Position end = 0;
  for (StreamRenderer* stream : streams_) end = std::max(end, stream->pieces().end());
  return end;
}

std::span<const Sample> Channel::render(Position from, Position to, SpanList& spans) {
  block_from_ = from;
  block_.assign(static_cast<std::size_t>(to - from), 0);
  cover_block(to);
  for (StreamRenderer* stream : streams_) {
    stream->pieces().take(to, [&](const Piece& piece, std::span<const Sample> samples) {
      lay(piece, samples, *stream);
    });
  }
  note(spans);
  note_mute(spans, false);
  return block_;
}

// Before any stream lays its pieces.
void Channel::cover_block(Position to) {
  cover_.clear();
  Position at = block_from_;
  const auto add = [&](Position until, PieceKind kind) {
    if (until <= at) return;
    cover_.push_back({.from = at, .to = until, .kind = kind});
    at = until;
  };
  for (const OutageMap::Stretch& away : outages_.stretches()) {
    add(std::min(to, away.from), PieceKind::kNoMedia);
    add(std::min(to, away.to), PieceKind::kOutage);
  }
  add(to, PieceKind::kNoMedia);
}

void Channel::lay(const Piece& piece, std::span<const Sample> samples, StreamRenderer& stream) {
  new_cover_.clear();
  const auto keep = [&](Piece part, Position from, Position to) {
    part.from = from;
    part.to = to;
    if (from < to) new_cover_.push_back(part);
  };
  for (const Piece& part : cover_) {
    const Position from = std::max(part.from, piece.from);
    const Position to = std::min(part.to, piece.to);
    if (from >= to || weight(piece.kind) <= weight(part.kind)) {
      new_cover_.push_back(part);
      continue;
    }
    keep(part, part.from, from);
    keep(piece, from, to);
    keep(part, to, part.to);
    if (piece.noise != 0) fill_noise(piece.noise, from, samples_at(from, to));
    if (has_samples(piece.kind)) {
      const auto audible = samples.subspan(static_cast<std::size_t>(from - piece.from),
                                           static_cast<std::size_t>(to - from));
      std::copy(audible.begin(), audible.end(), block_.begin() + (from - block_from_));
    }
    if (piece.kind == PieceKind::kAudio) stream.on_heard(to - from);
  }
  std::swap(cover_, new_cover_);
}

void Channel::note_mute(SpanList& spans, bool at_end) {
  for (const MuteWatch::Stretch& mute : mute_.take(at_end)) {
    spans.add(SpanKind::kMute, side_, seconds(mute.from), seconds(mute.to));
  }
}

void Channel::note(SpanList& spans) {
  static const std::string kNoNote;
  static const std::string kNoiseNote = "comfort noise";
  for (const Piece& part : cover_) {
    if (part.kind == PieceKind::kAudio) {
      mute_.add(part.from, samples_at(part.from, part.to));
      if (part.from >= watch_until_) continue;
      if (!heard_before_) heard_before_ = Heard{.from = part.from, .to = part.to};
      heard_before_->to = std::min(part.to, watch_until_);
    } else if (part.kind == PieceKind::kOutage) {
      const bool goes_on = !missed_.empty() && missed_.back().to == part.from;
      if (!goes_on) missed_.push_back({.from = part.from, .to = part.from});
      missed_.back().to = part.to;
    } else {
      const std::string& note = part.note != nullptr ? *part.note : kNoNote;
      spans.add(span_kind(part.kind), side_, seconds(part.from), seconds(part.to),
                part.noise != 0 || part.kind == PieceKind::kNoise ? kNoiseNote : note);
    }
  }
}

}  // namespace koegura::decode
