#include "srtp_keyring.h"

#include <algorithm>

namespace koegura::capture {

void SrtpKeyring::note(Timestamp now, Side side, const Sdp& sdp) {
  for (const SdpMedia& media : sdp.media) {
    if (media.port == 0) continue;
    told_.by_dtls = told_.by_dtls || media.fingerprint;
    for (const SrtpCrypto& line : media.crypto_lines) note_line(now, side, line);
  }
}

// Hops, retransmissions and refreshed sessions tell a key again.
void SrtpKeyring::note_line(Timestamp now, Side side, const SrtpCrypto& line) {
  if (line.defect) {
    const auto known = std::any_of(
        told_.refusals.begin(), told_.refusals.end(), [&](const SrtpKeys::Refusal& refusal) {
          return refusal.side == side && refusal.defect == *line.defect &&
                 refusal.suite == line.suite;
        });
    if (known) return;
    if (told_.refusals.size() >= kMaxRefusals) {
      ++refused_entries_;
      return;
    }
    told_.refusals.push_back({side, *line.defect, line.suite});
  }
  for (const SrtpKey& key : line.keys) {
    const auto known = std::any_of(
        told_.keys.begin(), told_.keys.end(),
        [&](const SrtpKeys::Key& told) { return told.side == side && told.key == key; });
    if (known) continue;
    if (told_.keys.size() >= kMaxKeys) {
      ++refused_entries_;
      return;
    }
    told_.keys.push_back({now, side, key});
  }
}

}  // namespace koegura::capture
