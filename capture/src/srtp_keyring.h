// SrtpKeyring: the keys that one leg's session descriptions tell (RFC 4568), with the time from
// which each may be in use.
//
// All of them are kept: an offer's for every suite, those of each fork, those of a re-INVITE that
// was refused. Which is in use the answer's tag would say; the packets say it as well, for they
// authenticate under no other key, and they say it too where the answer was not seen, where a hop
// rewrites tags and where the sender is slow to follow.
#pragma once

#include <cstdint>

#include "capture/finished_call.h"
#include "capture/sdp.h"

namespace koegura::capture {

class SrtpKeyring {
 public:
  static constexpr std::size_t kMaxKeys = 64;
  static constexpr std::size_t kMaxRefusals = 16;

  // The session description that `side` sent at `now`.
  void note(Timestamp now, Side side, const Sdp& sdp);
  [[nodiscard]] SrtpKeys take() { return std::move(told_); }
  // What found no room.
  [[nodiscard]] std::uint64_t refused_entries() const { return refused_entries_; }

 private:
  void note_line(Timestamp now, Side side, const SrtpCrypto& line);

  SrtpKeys told_;
  std::uint64_t refused_entries_ = 0;
};

}  // namespace koegura::capture
